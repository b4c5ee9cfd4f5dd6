// The loss over all triplets and its gradient under the host simulation, against plain loops in float64, under every schedule.
#include "mining_problem.h"
#include "simulated_machine.h"
#include "test_case.h"

using tercet::simulation::Schedule;
using test::LossAnswers;
using test::Matrix;
using test::Metric;
using test::MiningProblem;
using test::Rows;

namespace {

const Schedule kSchedules[] = {Schedule::kRoundRobin, Schedule::kGreedy, Schedule::kReverse};
const Metric kMetrics[] = {Metric::kSquaredEuclidean, Metric::kCosine};

LossAnswers check_loss(const Matrix& rows, Metric metric, double margin, bool root, int panels) {
    MiningProblem problem(rows, metric, true);
    problem.add_every_row();
    LossAnswers answers, without;
    CHECK(problem.prepare());
    CHECK(problem.sum_terms(margin, root, true, panels, answers));
    CHECK(problem.sum_terms(margin, root, false, panels, without));
    CHECK(answers.agree_with(problem.loss_oracle(margin, root), metric));
    CHECK(without.loss == answers.loss && without.non_zero == answers.non_zero);
    return answers;
}

}  // namespace

TEST_CASE(loss_and_gradient_of_a_batch_are_the_oracles) {
    std::mt19937 random(41u);
    int turn = 0;
    tercet::uint64 non_zero = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kUnit, Rows::kLattice, Rows::kFewDistinct, Rows::kFarFromOrigin}) {
            for (int count : {3, 33, kind == Rows::kNormal ? 180 : kind == Rows::kUnit ? 140 : 60}) {
                const Matrix rows = test::make_rows(kind, count, 2 + turn * 7 % 23, 1 + count / (2 + turn * 3 % 30), random);
                test::simulated_machine().set_schedule(kSchedules[turn % 3]);
                non_zero += check_loss(rows, metric, turn % 4 == 0 ? 0.0 : 0.2 * (turn % 7), turn % 2 == 1 && metric == Metric::kSquaredEuclidean, 1 + turn % 2).non_zero;
                ++turn;
            }
        }
    }
    CHECK(non_zero > 0);
}

// More than one panel of dimensions, and more than one segment of rows.
TEST_CASE(loss_over_several_segments_and_panels_of_dimensions_is_the_oracles) {
    std::mt19937 random(42u);
    test::simulated_machine().set_schedule(Schedule::kGreedy);
    check_loss(test::make_rows(Rows::kUnit, 40, 131, 5, random), Metric::kCosine, 0.1, false, 1);
    check_loss(test::make_rows(Rows::kNormal, 1100, 3, 300, random), Metric::kSquaredEuclidean, 0.5, false, 4);
}

// What the planted faults are caught by.
TEST_CASE(every_schedule_gives_the_oracles_loss) {
    std::mt19937 random(43u);
    const Matrix normal = test::make_rows(Rows::kNormal, 150, 9, 20, random), far = test::make_rows(Rows::kFarFromOrigin, 40, 40, 6, random);
    for (Schedule schedule : kSchedules) {
        test::simulated_machine().set_schedule(schedule);
        check_loss(normal, Metric::kSquaredEuclidean, 1.0, true, 1);
        check_loss(far, Metric::kSquaredEuclidean, 1e-5, false, 1);
        // Far below every threshold, and smaller than a key's error.
        check_loss(far, Metric::kSquaredEuclidean, 10, false, 1);
    }
}
