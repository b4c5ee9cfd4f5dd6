// The kernels under the host simulation, against a float64 oracle, under every schedule. Built twice: plainly, and with the address sanitizer.
#include <algorithm>
#include <cmath>

#include "mining_problem.h"
#include "mining_tile.h"
#include "simulated_machine.h"
#include "test_case.h"
#include "tercet/device.h"

using tercet::simulation::Schedule;
using test::Matrix;
using test::Metric;
using test::MiningProblem;
using test::Rows;

namespace {

const Schedule kSchedules[] = {Schedule::kRoundRobin, Schedule::kGreedy, Schedule::kReverse};
const Metric kMetrics[] = {Metric::kSquaredEuclidean, Metric::kCosine};
const int kAll = (1 << tercet::kKinds) - 1;

// Cosine distances are differences from 1, whose rounding does not shrink with them: the oracle's last bits are its own.
bool is_same_choice(const MiningProblem& problem, int anchor, int chosen, int expected) {
    if (chosen == expected) {
        return true;
    }
    if (chosen < 0 || expected < 0) {
        return false;
    }
    const double left = problem.exact_key(anchor, chosen), right = problem.exact_key(anchor, expected);
    return left != right && std::fabs(left - right) <= 1e-14 * (1.0 + std::max(left, right));
}

int check_extremes(MiningProblem& problem, int wanted) {
    std::vector<int> found[tercet::kKinds];
    CHECK(problem.prepare());
    CHECK(problem.find_extremes(wanted, found));
    int wrong = 0;
    for (int kind = 0; kind < tercet::kKinds; ++kind) {
        for (int anchor = 0; anchor < static_cast<int>(found[kind].size()); ++anchor) {
            wrong += is_same_choice(problem, anchor, found[kind][static_cast<std::size_t>(anchor)], problem.oracle(kind, anchor)) ? 0 : 1;
        }
    }
    if (wrong > 0) {
        std::fprintf(stderr, "%d answers differ from the oracle\n", wrong);
    }
    CHECK(wrong == 0);
    CHECK(problem.imprecise() == 0);
    CHECK(problem.wrong_keys() == 0);
    return problem.rescanned();
}

// Divergent on purpose: half of a block waits at a barrier that the other half never reaches.
struct NoArguments {
    int unused;
};

}  // namespace

namespace tercet {

TERCET_KERNEL(half_a_block_waits, 64, 1, NoArguments) {
    static_cast<void>(arguments);
    if (device::thread() < 32) {
        device::barrier();
    }
}

TERCET_KERNEL(half_a_warp_waits, 64, 1, NoArguments) {
    static_cast<void>(arguments);
    if (device::lane() < 16) {
        device::ballot(true);
    } else {
        device::barrier();
    }
}

}  // namespace tercet

TEST_CASE(launch_that_can_never_end_is_reported) {
    const NoArguments nothing = {0};
    for (const char* name : {"half_a_block_waits", "half_a_warp_waits"}) {
        for (Schedule schedule : kSchedules) {
            CHECK(tercet::simulation::launch(*tercet::simulation::find_kernel(name), 1, 1, 64, &nothing, schedule) != nullptr);
        }
    }
    CHECK(tercet::simulation::find_kernel("no_such_kernel") == nullptr);
    CHECK(tercet::simulation::launch(*tercet::simulation::find_kernel("half_a_block_waits"), 1, 1, 32, &nothing, Schedule::kGreedy) != nullptr);
}

TEST_CASE(prepare_packs_rows_and_takes_norms) {
    std::mt19937 random(3u);
    for (Metric metric : kMetrics) {
        for (int depth : {1, 7, 8, 33, 64}) {
            const Matrix rows = test::make_rows(Rows::kNormal, 131, depth, 9, random);
            MiningProblem problem(rows, metric, true);
            test::simulated_machine().set_schedule(kSchedules[depth % 3]);
            CHECK(problem.prepare());
            const test::Side& side = problem.gallery_side();
            float largest = 0;
            for (int position = 0; position < side.panel_count * tercet::kPanelRows; ++position) {
                const auto p = static_cast<std::size_t>(position);
                const std::size_t lane = p % tercet::kPanelRows, panel = p / tercet::kPanelRows;
                if (position >= rows.count) {
                    CHECK(std::isinf(side.terms[p]) && side.norms[p] == 0.0);
                    continue;
                }
                const float* row = rows.row(side.order[p]);
                double squared_norm = 0;
                for (int k = 0; k < depth; ++k) {
                    squared_norm += static_cast<double>(row[k]) * static_cast<double>(row[k]);
                }
                CHECK(std::fabs(side.norms[p] - std::sqrt(squared_norm)) <= 1e-14 * std::sqrt(squared_norm));
                CHECK(metric == Metric::kCosine ? side.terms[p] == 0.5f : std::fabs(side.terms[p] - static_cast<float>(squared_norm)) <= 1e-6f * side.terms[p]);
                largest = std::max(largest, side.terms[p]);
                for (int k = 0; k < side.padded_depth; ++k) {
                    const float packed = side.panels[(panel * static_cast<std::size_t>(side.padded_depth) + static_cast<std::size_t>(k)) * tercet::kPanelRows + lane];
                    const double scale = metric == Metric::kCosine ? 1.0 / std::sqrt(squared_norm) : 1.0;
                    const double expected = k < depth ? static_cast<double>(row[k]) * scale : 0.0;
                    CHECK(std::fabs(static_cast<double>(packed) - expected) <= 1.2e-7 * std::fabs(expected));
                }
            }
            CHECK(tercet::from_ordered_bits(side.largest[0]) == largest);
        }
    }
}

// From 46,341 panels on, twice a triangle of tiles is no int.
TEST_CASE(tiles_of_millions_of_rows_are_all_there) {
    for (int panels : {46340, 46341, 65000}) {
        tercet::ExtremesArguments arguments = {};
        arguments.anchors.count = panels * tercet::kPanelRows;
        arguments.symmetric = 1;
        const long long all = static_cast<long long>(panels) * (panels + 1) / 2;
        const int last = static_cast<int>(all - 1);
        int row = -1, column = -1;
        tercet::tile_of(arguments, 0, row, column);
        CHECK(row == 0 && column == 0);
        tercet::tile_of(arguments, last - panels, row, column);
        CHECK(row == panels - 2 && column == panels - 2);
        tercet::tile_of(arguments, last - panels + 1, row, column);
        CHECK(row == 0 && column == panels - 1);
        tercet::tile_of(arguments, last, row, column);
        CHECK(row == panels - 1 && column == panels - 1);
        tercet::tile_of(arguments, last + panels, row, column);
        CHECK(row == panels - 1 && column == panels);
    }
}

TEST_CASE(extremes_of_a_batch_are_the_oracles) {
    std::mt19937 random(11u);
    int turn = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kUnit, Rows::kLattice, Rows::kFewDistinct, Rows::kAllEqual, Rows::kFarFromOrigin}) {
            // Where nearly every pair is decided in float64, a larger batch only takes longer.
            const bool close = kind == Rows::kFewDistinct || kind == Rows::kAllEqual || kind == Rows::kFarFromOrigin;
            for (int count : {3, 64, 129, close ? 70 : 257}) {
                const int depth = 1 + turn * 5 % 19;
                const Matrix rows = test::make_rows(kind, count, depth, 1 + count / (2 + turn % 5), random);
                MiningProblem problem(rows, metric, turn % 3 != 0);
                test::simulated_machine().set_schedule(kSchedules[turn % 3 == 0 ? turn / 3 % 3 : turn % 3]);
                ++turn;
                if (problem.anchor_count() > 0) {
                    check_extremes(problem, turn % 2 == 0 ? kAll : turn / 2 % kAll + 1);
                }
            }
        }
    }
}

TEST_CASE(extremes_against_a_gallery_are_the_oracles) {
    std::mt19937 random(12u);
    int turn = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kLattice, Rows::kFewDistinct, Rows::kFarFromOrigin}) {
            for (const auto& size : {std::pair<int, int>{1, 5}, {130, 70}, {5, 300}}) {
                const Matrix all = test::make_rows(kind, size.first + size.second, 1 + turn * 7 % 21, 6, random);
                Matrix anchors = all, gallery = all;
                anchors.count = size.first;
                gallery.count = size.second;
                anchors.values.resize(static_cast<std::size_t>(size.first * all.depth));
                anchors.labels.resize(static_cast<std::size_t>(size.first));
                gallery.values.erase(gallery.values.begin(), gallery.values.begin() + size.first * all.depth);
                gallery.labels.erase(gallery.labels.begin(), gallery.labels.begin() + size.first);
                MiningProblem problem(anchors, gallery, metric);
                test::simulated_machine().set_schedule(kSchedules[turn++ % 3]);
                if (problem.anchor_count() > 0) {
                    check_extremes(problem, kAll);
                }
            }
        }
    }
}

TEST_CASE(anchors_with_more_near_ties_than_candidates_are_scanned_again) {
    std::mt19937 random(13u);
    for (Metric metric : kMetrics) {
        MiningProblem equal(test::make_rows(Rows::kAllEqual, 150, 9, 4, random), metric, true);
        CHECK(check_extremes(equal, kAll) > 0);
        MiningProblem distinct(test::make_rows(Rows::kNormal, 150, 9, 4, random), metric, true);
        CHECK(check_extremes(distinct, kAll) == 0);
    }
}

TEST_CASE(half_precision_conversions_are_the_nearest_ties_to_even) {
    using tercet::device::from_half;
    using tercet::device::to_half;
    for (tercet::uint32 half = 0; half < 0x7C00u; ++half) {
        const float value = from_half(half), next = half + 1 < 0x7C00u ? from_half(half + 1) : 65536.0f;
        CHECK(to_half(value) == half && to_half(-value) == (half | 0x8000u) && next > value);
        const float middle = (value + next) / 2;
        CHECK(to_half(middle) == half + (half & 1u));
        CHECK(to_half(std::nextafter(middle, 0.0f)) == half && to_half(std::nextafter(middle, 1e9f)) == half + 1);
    }
    CHECK(from_half(0x3C00u) == 1.0f && from_half(0x0001u) == 0x1p-24f && from_half(0x7BFFu) == 65504.0f && std::isinf(from_half(0x7C00u)));
}

TEST_CASE(moments_are_those_of_plain_loops) {
    std::mt19937 random(21u);
    int turn = 0;
    for (Metric metric : kMetrics) {
        for (const auto& size : {std::pair<int, int>{1, 1}, {129, 33}, {1100, 70}}) {
            Matrix rows = test::make_rows(Rows::kNormal, size.first, size.second, 9, random);
            std::fill(rows.values.begin(), rows.values.begin() + rows.depth, 0.0f);
            MiningProblem problem(rows, metric, false);
            test::simulated_machine().set_schedule(kSchedules[turn++ % 3]);
            tercet::Moments moments;
            CHECK(problem.prepare() && problem.find_moments(moments));
            std::vector<double> sums(static_cast<std::size_t>(rows.depth)), unit_sums(sums);
            double norms = 0;
            for (int row = 0; row < rows.count; ++row) {
                double squared = 0;
                for (std::size_t k = 0; k < sums.size(); ++k) {
                    squared += static_cast<double>(rows.row(row)[k]) * static_cast<double>(rows.row(row)[k]);
                }
                norms += squared;
                for (std::size_t k = 0; k < sums.size(); ++k) {
                    sums[k] += static_cast<double>(rows.row(row)[k]);
                    unit_sums[k] += squared > 0 ? static_cast<double>(rows.row(row)[k]) / std::sqrt(squared) : 0.0;
                }
            }
            double squares = 0, unit_squares = 0;
            for (std::size_t k = 0; k < sums.size(); ++k) {
                squares += sums[k] * sums[k];
                unit_squares += metric == Metric::kCosine ? unit_sums[k] * unit_sums[k] : 0.0;
            }
            CHECK(std::fabs(moments.squared_norms - norms) <= 1e-13 * norms);
            CHECK(std::fabs(moments.sum_of_rows_squared - squares) <= 1e-11 * norms);
            CHECK(std::fabs(moments.sum_of_unit_rows_squared - unit_squares) <= 1e-11 * rows.count);
            CHECK(moments.non_zero_rows == rows.count - 1);
            CHECK(moments.first_bad == 0u);
        }
    }
}

TEST_CASE(first_row_that_no_key_can_be_made_of_is_named) {
    std::mt19937 random(22u);
    for (float bad : {std::nanf(""), -std::nanf(""), HUGE_VALF, -HUGE_VALF, 4e18f}) {
        Matrix rows = test::make_rows(Rows::kNormal, 300, 19, 7, random);
        test::Buffer<float> as_they_lie(rows.values.size());
        for (int row : {277, 131, 299}) {
            rows.values[static_cast<std::size_t>(row * 19 + row % 19)] = bad;
        }
        std::copy(rows.values.begin(), rows.values.end(), as_they_lie.data.get());
        for (Metric metric : kMetrics) {
            MiningProblem problem(rows, metric, true);
            tercet::Moments moments;
            CHECK(problem.prepare() && problem.find_moments(moments));
            CHECK(moments.first_bad == ~131u);
        }
        test::Buffer<tercet::uint32> first(1);
        tercet::CheckRowsArguments arguments = {as_they_lie.data.get(), rows.count, rows.depth, first.data.get()};
        CHECK(test::machine().launch("check_rows", 3, 1, &arguments) == nullptr && first[0] == ~131u);
    }
}

TEST_CASE(components_of_16_bits_widen_to_their_own_values) {
    for (Schedule schedule : kSchedules) {
        test::simulated_machine().set_schedule(schedule);
        CHECK(test::count_wrongly_widened() == 0);
    }
}

TEST_CASE(tensor_core_extremes_of_a_batch_are_the_oracles) {
    std::mt19937 random(17u);
    int turn = 0, rescanned = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kUnit, Rows::kLattice, Rows::kFewDistinct, Rows::kFarFromOrigin, Rows::kTiny, Rows::kMixedScale}) {
            for (int count : {5, 131, kind == Rows::kNormal || kind == Rows::kMixedScale ? 270 : 60}) {
                MiningProblem problem(test::make_rows(kind, count, 1 + turn * 7 % 37, 1 + count / (2 + turn % 5), random), metric, turn % 4 != 0);
                problem.set_unit(test::Unit::kTensorCores);
                test::simulated_machine().set_schedule(kSchedules[turn % 3]);
                ++turn;
                if (problem.anchor_count() > 0) {
                    rescanned += check_extremes(problem, kAll);
                }
            }
        }
    }
    CHECK(rescanned > 0);
}

TEST_CASE(tensor_core_extremes_against_a_gallery_are_the_oracles) {
    std::mt19937 random(18u);
    for (Metric metric : kMetrics) {
        const Matrix gallery = test::make_rows(Rows::kMixedScale, 200, 33, 6, random);
        const Matrix anchors = test::make_rows(Rows::kNormal, 140, 33, 6, random);
        MiningProblem problem(anchors, gallery, metric);
        problem.set_unit(test::Unit::kTensorCores);
        check_extremes(problem, kAll);
    }
}

TEST_CASE(tensor_core_scores_of_short_rows_are_within_the_tolerance) {
    std::mt19937 random(20u);
    for (Metric metric : kMetrics) {
        MiningProblem problem(test::make_rows(Rows::kNormal, 260, 8, 9, random), metric, true);
        problem.set_unit(test::Unit::kTensorCores);
        check_extremes(problem, kAll);
    }
}

// Products of like rows are all of one sign: what is cut off adds up. One sum for all steps would leave the tolerance.
TEST_CASE(tensor_core_scores_of_long_rows_are_within_the_tolerance) {
    std::mt19937 random(23u);
    for (Rows kind : {Rows::kFarFromOrigin, Rows::kUnit}) {
        MiningProblem problem(test::make_rows(kind, 40, 500, 5, random), kind == Rows::kUnit ? Metric::kCosine : Metric::kSquaredEuclidean, true);
        problem.set_unit(test::Unit::kTensorCores);
        check_extremes(problem, kAll);
    }
}

TEST_CASE(every_schedule_gives_the_oracles_tensor_core_extremes) {
    std::mt19937 random(19u);
    const Matrix rows = test::make_rows(Rows::kNormal, 300, 40, 130, random);
    for (Schedule schedule : kSchedules) {
        MiningProblem problem(rows, Metric::kSquaredEuclidean, true);
        problem.set_unit(test::Unit::kTensorCores);
        test::simulated_machine().set_schedule(schedule);
        check_extremes(problem, kAll);
    }
}

TEST_CASE(norms_beyond_float32_leave_every_choice_to_float64) {
    std::mt19937 random(16u);
    for (Metric metric : kMetrics) {
        MiningProblem problem(test::make_rows(Rows::kBeyondFloat, 140, 5, 9, random), metric, true);
        CHECK(check_extremes(problem, kAll) >= (metric == Metric::kSquaredEuclidean ? problem.anchor_count() : 0));
    }
}

TEST_CASE(key_rows_are_within_the_tolerance) {
    std::mt19937 random(14u);
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kFarFromOrigin, Rows::kLattice}) {
            MiningProblem problem(test::make_rows(kind, 300, 21, 40, random), metric, kind != Rows::kLattice);
            test::simulated_machine().set_schedule(kSchedules[static_cast<int>(kind) % 3]);
            CHECK(problem.prepare());
            std::vector<float> keys;
            CHECK(problem.key_rows(1, 2, keys));
            for (int anchor = tercet::kPanelRows; anchor < problem.anchor_count(); ++anchor) {
                const float* row = keys.data() + (anchor - tercet::kPanelRows) * problem.pitch();
                for (int position = 0; position < problem.gallery_count(); ++position) {
                    CHECK(std::fabs(static_cast<double>(row[position]) - problem.exact_key(anchor, position)) <= problem.tolerance(anchor));
                }
                CHECK(std::isinf(row[problem.pitch() - 1]));
            }
        }
    }
}

// Every schedule over several tiles in both directions: what the planted faults are caught by.
TEST_CASE(every_schedule_gives_the_oracles_extremes) {
    std::mt19937 random(15u);
    const Matrix rows = test::make_rows(Rows::kNormal, 300, 40, 130, random);
    for (Schedule schedule : kSchedules) {
        MiningProblem problem(rows, Metric::kSquaredEuclidean, true);
        CHECK(problem.anchor_count() > 2 * tercet::kPanelRows - 40 && problem.anchor_count() < rows.count);
        test::simulated_machine().set_schedule(schedule);
        check_extremes(problem, kAll);
    }
}

test::Machine& test::machine() { return simulated_machine(); }

TERCET_TEST_MAIN
