// Semi-hard mining under the host simulation, against plain loops in float64, under every schedule.
#include "mining_problem.h"
#include "simulated_machine.h"
#include "test_case.h"

using tercet::simulation::Schedule;
using test::Matrix;
using test::Metric;
using test::MiningProblem;
using test::Rows;
using test::SemiHardAnswers;
using test::SemiHardRequest;
using test::Unit;

namespace {

const Schedule kSchedules[] = {Schedule::kRoundRobin, Schedule::kGreedy, Schedule::kReverse};
const Metric kMetrics[] = {Metric::kSquaredEuclidean, Metric::kCosine};
const Rows kKinds[] = {Rows::kNormal, Rows::kUnit, Rows::kLattice, Rows::kFewDistinct, Rows::kAllEqual, Rows::kFarFromOrigin, Rows::kMixedScale, Rows::kBeyondFloat};

SemiHardAnswers check_semi_hard(MiningProblem& problem, const SemiHardRequest& request) {
    SemiHardAnswers answers;
    CHECK(problem.prepare());
    CHECK(problem.find_semi_hard(request, answers));
    const int wrong = test::count_wrong(problem, request, answers, 1);
    if (wrong > 0) {
        std::fprintf(stderr, "%d answers differ from the oracle\n", wrong);
    }
    CHECK(wrong == 0);
    return answers;
}

int check_batch(Rows kind, Metric metric, Unit unit, int count, int turn, std::mt19937& random) {
    MiningProblem problem(test::make_rows(kind, count, 1 + turn * 5 % 19, 1 + count / (2 + turn * 3 % 40), random), metric, turn % 3 != 0);
    problem.set_unit(unit);
    test::simulated_machine().set_schedule(kSchedules[turn % 3]);
    const SemiHardRequest request = {turn % 4 == 0 ? 0.0 : 0.3 * (turn % 5), turn % 2 == 0 && metric == Metric::kSquaredEuclidean, turn / 2 % 2 == 0, turn % 3 == 1, 1 + turn % 2};
    return problem.anchor_count() > 0 ? check_semi_hard(problem, request).rescanned : 0;
}

// Every row has a negative next to it, which is farther than the row, or nearer, by less than float32 can tell.
Matrix make_twins(int pairs, std::mt19937& random) {
    Matrix rows = test::make_rows(Rows::kNormal, 2 * pairs, 9, 3, random);
    for (int row = 0; row < pairs; ++row) {
        const auto first = static_cast<std::size_t>(row * rows.depth), second = static_cast<std::size_t>((row + pairs) * rows.depth);
        std::copy_n(rows.values.data() + first, rows.depth, rows.values.data() + second);
        float& nudged = rows.values[second + static_cast<std::size_t>(row % rows.depth)];
        nudged = std::nextafter(nudged, row % 2 == 0 ? HUGE_VALF : -HUGE_VALF);
        rows.labels[static_cast<std::size_t>(row + pairs)] = rows.labels[static_cast<std::size_t>(row)] + 3;
    }
    return rows;
}

void check_schedules(Unit unit, int far_rows, int lattice_rows) {
    std::mt19937 random(34u);
    const Matrix far = test::make_rows(Rows::kFarFromOrigin, far_rows, 9, 8, random), lattice = test::make_rows(Rows::kLattice, lattice_rows, 3, 20, random), large_classes = test::make_rows(Rows::kNormal, 90, 9, 3, random);
    for (Schedule schedule : kSchedules) {
        test::simulated_machine().set_schedule(schedule);
        for (const Matrix& rows : {far, lattice, large_classes}) {
            MiningProblem problem(rows, Metric::kSquaredEuclidean, true);
            problem.set_unit(unit);
            check_semi_hard(problem, {0.5, false, schedule != Schedule::kGreedy, true, 1});
        }
    }
}

}  // namespace

TEST_CASE(positives_are_sorted_by_their_exact_distances) {
    std::mt19937 random(31u);
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kLattice}) {
            // Small classes, and one of more positives than a block has threads.
            Matrix rows = test::make_rows(kind, kind == Rows::kLattice ? 330 : 130, 7, 40, random);
            for (int row = 0; kind == Rows::kLattice && row < 270; ++row) {
                rows.labels[static_cast<std::size_t>(row)] = 0;
            }
            MiningProblem problem(rows, metric, kind == Rows::kNormal);
            test::simulated_machine().set_schedule(kSchedules[static_cast<int>(kind) % 3]);
            const std::vector<long long> offsets = problem.pair_offsets();
            test::PositiveTables tables(offsets, 0.25, kind == Rows::kNormal);
            CHECK(problem.prepare());
            CHECK(problem.sort_positives(tables));
            int wrong = 0;
            for (int anchor = 0; anchor < problem.anchor_count(); ++anchor) {
                const std::vector<int> positives = problem.positives_of(anchor);
                const auto first = static_cast<std::size_t>(offsets[static_cast<std::size_t>(anchor)]);
                for (std::size_t i = 0; i < positives.size(); ++i) {
                    const double value = tables.sorted[first + i], key = tables.root ? value * value : value;
                    const auto index = static_cast<std::size_t>(tables.order[first + i]);
                    wrong += tables.values[first + index] == value ? 0 : 1;
                    wrong += std::fabs(problem.value(anchor, positives[index], tables.root) - value) <= 1e-14 * (1 + value) ? 0 : 1;
                    wrong += tables.keys[first + i] == static_cast<float>(key) ? 0 : 1;
                    wrong += i == 0 || tables.sorted[first + i - 1] < value || (tables.sorted[first + i - 1] == value && tables.order[first + i - 1] < tables.order[first + i]) ? 0 : 1;
                    wrong += tables.margin_keys[first + i] > tables.keys[first + i] ? 0 : 1;
                }
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE(semi_hard_negatives_of_a_batch_are_the_oracles) {
    std::mt19937 random(32u);
    int turn = 0, rescanned = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : kKinds) {
            // Where nearly every pair is decided in float64, a larger batch only takes longer.
            for (int count : {4, 40, kind == Rows::kNormal ? 290 : kind == Rows::kLattice || kind == Rows::kUnit || kind == Rows::kMixedScale ? 133 : 70}) {
                rescanned += check_batch(kind, metric, Unit::kFloat32, count, turn++, random);
            }
        }
    }
    CHECK(rescanned > 0);
}

TEST_CASE(tensor_core_semi_hard_negatives_of_a_batch_are_the_oracles) {
    std::mt19937 random(35u);
    int turn = 0, rescanned = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : kKinds) {
            for (int count : {5, kind == Rows::kNormal || kind == Rows::kUnit ? 133 : kind == Rows::kLattice || kind == Rows::kMixedScale ? 60 : 36}) {
                rescanned += check_batch(kind, metric, Unit::kTensorCores, count, turn++, random);
            }
        }
    }
    CHECK(rescanned > 0);
}

TEST_CASE(semi_hard_negatives_against_a_gallery_are_the_oracles) {
    std::mt19937 random(33u);
    int turn = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kLattice}) {
            for (const auto& size : {std::pair<int, int>{1, 5}, {150, 60}, {5, 300}}) {
                const Matrix gallery = test::make_rows(kind, size.second, 11, 6, random), anchors = test::make_rows(kind, size.first, 11, 7, random);
                for (Unit unit : {Unit::kFloat32, Unit::kTensorCores}) {
                    MiningProblem problem(anchors, gallery, metric);
                    problem.set_unit(unit);
                    test::simulated_machine().set_schedule(kSchedules[turn % 3]);
                    if (problem.anchor_count() > 0) {
                        check_semi_hard(problem, {0.2, false, turn % 2 == 0, true, 1});
                    }
                }
                ++turn;
            }
        }
    }
}

// Enough of them that some meet buckets which have a better row already.
TEST_CASE(semi_hard_negatives_next_to_positives_are_the_oracles) {
    std::mt19937 random(36u);
    for (Unit unit : {Unit::kFloat32, Unit::kTensorCores}) {
        MiningProblem problem(make_twins(75, random), Metric::kSquaredEuclidean, true);
        problem.set_unit(unit);
        test::simulated_machine().set_schedule(Schedule::kReverse);
        check_semi_hard(problem, {0.5, false, false, false, 2});
    }
}

// What the planted faults are caught by.
TEST_CASE(every_schedule_gives_the_oracles_semi_hard_negatives) {
    check_schedules(Unit::kFloat32, 48, 150);
}

TEST_CASE(every_schedule_gives_the_oracles_tensor_core_semi_hard_negatives) {
    check_schedules(Unit::kTensorCores, 40, 134);
}
