// The k nearest rows of every anchor, against a sort in float64.
#include "mining_problem.h"
#include "simulated_machine.h"
#include "test_case.h"

using test::Metric;
using test::MiningProblem;
using test::NearestAnswers;
using test::Rows;
using tercet::simulation::Schedule;

namespace {

const Schedule kSchedules[] = {Schedule::kRoundRobin, Schedule::kGreedy, Schedule::kReverse};
const Metric kMetrics[] = {Metric::kSquaredEuclidean, Metric::kCosine};

NearestAnswers check_nearest(MiningProblem& problem, int k, int panels) {
    NearestAnswers answers;
    CHECK(problem.prepare());
    CHECK(problem.find_nearest(k, panels, answers));
    const int wrong = problem.count_wrong_nearest(k, answers, 1);
    if (wrong > 0) {
        std::fprintf(stderr, "%d answers differ from the oracle\n", wrong);
    }
    CHECK(wrong == 0);
    return answers;
}

}  // namespace

TEST_CASE(nearest_rows_are_the_oracles) {
    std::mt19937 random(31u);
    int turn = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kUnit, Rows::kLattice, Rows::kFewDistinct, Rows::kFarFromOrigin, Rows::kMixedScale}) {
            for (const auto& size : {std::pair<int, int>{3, 20}, {130, 70}, {20, 300}}) {
                const int depth = 1 + turn * 7 % 33, k = turn % 3 == 0 ? 1 : turn % 3 == 1 ? 32 : 2 + turn % 23;
                const test::Matrix anchors = test::make_rows(kind, size.first, depth, 1 + size.first / 8, random);
                MiningProblem problem(anchors, test::make_rows(kind, size.second, depth, 2, random), metric);
                problem.set_unit(turn % 2 == 0 ? test::Unit::kTensorCores : test::Unit::kFloat32);
                test::simulated_machine().set_schedule(kSchedules[turn / 2 % 3]);
                ++turn;
                if (problem.anchor_count() > 0) {
                    check_nearest(problem, k, 1);
                }
            }
        }
    }
}

TEST_CASE(nearest_rows_of_many_panels_have_few_candidates) {
    std::mt19937 random(32u);
    for (test::Unit unit : {test::Unit::kFloat32, test::Unit::kTensorCores}) {
        MiningProblem problem(test::make_rows(Rows::kUnit, 40, 16, 3, random), test::make_rows(Rows::kUnit, 1200, 16, 5, random), Metric::kSquaredEuclidean);
        problem.set_unit(unit);
        const NearestAnswers answers = check_nearest(problem, 10, 2);
        CHECK(answers.seen_whole == 0);
        CHECK(answers.most_candidates < 40);
    }
}

TEST_CASE(nearest_rows_among_more_ties_than_candidates_are_the_lowest) {
    std::mt19937 random(33u);
    MiningProblem problem(test::make_rows(Rows::kAllEqual, 40, 9, 3, random), test::make_rows(Rows::kAllEqual, 700, 9, 5, random), Metric::kSquaredEuclidean);
    CHECK(check_nearest(problem, 32, 1).seen_whole == problem.anchor_count());
    MiningProblem same(test::make_rows(Rows::kAllEqual, 270, 9, 3, random), Metric::kCosine, true);
    CHECK(check_nearest(same, 7, 2).seen_whole == same.anchor_count());
}

// What the planted faults are caught by.
TEST_CASE(every_schedule_gives_the_oracles_nearest_rows) {
    std::mt19937 random(34u);
    const test::Matrix anchors = test::make_rows(Rows::kNormal, 30, 20, 3, random), gallery = test::make_rows(Rows::kLattice, 260, 20, 3, random);
    for (Schedule schedule : kSchedules) {
        MiningProblem problem(anchors, gallery, Metric::kSquaredEuclidean);
        test::simulated_machine().set_schedule(schedule);
        check_nearest(problem, 12, 1);
    }
}
