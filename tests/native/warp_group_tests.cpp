// The pass by warp groups: bulk copies, their barriers, clusters and products as the simulation has them, and extremes against float64.
#include "mining_problem.h"
#include "simulated_machine.h"
#include "test_case.h"
#include "tile_wgmma.h"
#include "tercet/warp_group.h"

using test::Matrix;
using test::Metric;
using test::MiningProblem;
using test::Rows;
using tercet::simulation::Schedule;

namespace {

const Schedule kSchedules[] = {Schedule::kRoundRobin, Schedule::kGreedy, Schedule::kReverse};
const Metric kMetrics[] = {Metric::kSquaredEuclidean, Metric::kCosine};
const int kAll = (1 << tercet::kKinds) - 1;

struct PhaseArguments {
    const tercet::uint32* source;
    tercet::uint32* target;
    int waits, expected_bytes;
};

// A cluster of two: each block sends its half of the words to both, and writes what it finds.
struct ClusterArguments {
    const tercet::uint32* source;
    tercet::uint32* target;
    int waits, stays;
};

struct PhaseStorage {
    alignas(16) tercet::uint32 words[64];
    tercet::device::PhaseBarrier full;
};

int check_extremes(MiningProblem& problem, int wanted) {
    std::vector<int> found[tercet::kKinds];
    CHECK(problem.prepare());
    CHECK(problem.find_extremes(wanted, found));
    int wrong = 0;
    for (int kind = 0; kind < tercet::kKinds; ++kind) {
        for (int anchor = 0; anchor < static_cast<int>(found[kind].size()); ++anchor) {
            const int chosen = found[kind][static_cast<std::size_t>(anchor)], expected = problem.oracle(kind, anchor);
            const double left = chosen < 0 ? -1 : problem.exact_key(anchor, chosen), right = expected < 0 ? -1 : problem.exact_key(anchor, expected);
            wrong += chosen == expected || (left != right && std::fabs(left - right) <= 1e-14 * (1.0 + right)) ? 0 : 1;
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

}  // namespace

namespace tercet {

TERCET_KERNEL(copies_and_waits, 64, 1, PhaseArguments) {
    TERCET_SHARED(PhaseStorage, storage);
    if (device::thread() == 0) {
        device::start_barrier(storage.full, 1);
    }
    device::barrier();
    if (device::thread() == 0) {
        device::arrive_expecting(storage.full, arguments.expected_bytes);
        device::copy_bulk(storage.words, arguments.source, sizeof storage.words, storage.full);
    }
    if (arguments.waits != 0) {
        device::wait_for_phase(storage.full, 0);
    }
    arguments.target[device::thread()] = storage.words[device::thread()];
}

TERCET_KERNEL_CLUSTER(halves_for_a_cluster, 32, 1, ClusterArguments, 0, 2) {
    TERCET_SHARED(PhaseStorage, storage);
    const int rank = device::cluster_rank(), part = 32 * rank, thread = device::thread();
    if (thread == 0) {
        // The other block's lanes say so as well when this one's copy may come.
        device::start_barrier(storage.full, 1 + device::kWarp);
    }
    device::cluster_barrier();
    if (thread == 0) {
        device::arrive_expecting(storage.full, sizeof storage.words);
        device::copy_bulk_to_cluster(storage.words + part, arguments.source + 64 * device::cluster() + part, 128, storage.full);
    }
    device::arrive_in(storage.full, 1 - rank);
    if (arguments.waits != 0) {
        device::wait_for_phase(storage.full, 0);
    }
    for (int word = thread; word < 64; word += device::kWarp) {
        arguments.target[64 * device::block() + word] = storage.words[word];
    }
    if (arguments.stays != 0) {
        device::cluster_barrier();
    }
}

}  // namespace tercet

TEST_CASE(bulk_copies_are_there_when_their_phase_has_ended) {
    test::Buffer<tercet::uint32> source(64, 7u), target(64);
    const auto* kernel = tercet::simulation::find_kernel("copies_and_waits");
    for (Schedule schedule : kSchedules) {
        std::fill(target.data.get(), target.data.get() + 64, 0u);
        const PhaseArguments waits = {source.data.get(), target.data.get(), 1, 256};
        CHECK(tercet::simulation::launch(*kernel, 1, 1, 64, &waits, schedule) == nullptr);
        CHECK(std::count(target.data.get(), target.data.get() + 64, 7u) == 64);
        // A phase that nothing ends.
        const PhaseArguments forever = {source.data.get(), target.data.get(), 1, 272};
        CHECK(tercet::simulation::launch(*kernel, 1, 1, 64, &forever, schedule) != nullptr);
        const PhaseArguments misaligned = {reinterpret_cast<const tercet::uint32*>(reinterpret_cast<const char*>(source.data.get()) + 4), target.data.get(), 0, 256};
        CHECK(tercet::simulation::launch(*kernel, 1, 1, 64, &misaligned, schedule) != nullptr);
    }
    // As late as it may be: who does not wait finds nothing.
    const PhaseArguments hurries = {source.data.get(), target.data.get(), 0, 256};
    CHECK(tercet::simulation::launch(*kernel, 1, 1, 64, &hurries, Schedule::kReverse) == nullptr);
    CHECK(std::count(target.data.get(), target.data.get() + 64, 7u) == 0);
}

TEST_CASE(copies_to_a_cluster_reach_every_block_and_its_barrier) {
    test::Buffer<tercet::uint32> source(128), target(256);
    for (tercet::uint32 word = 0; word < 128; ++word) {
        source[word] = word;
    }
    const auto* kernel = tercet::simulation::find_kernel("halves_for_a_cluster");
    const auto count_right = [&] {
        int right = 0;
        for (std::size_t word = 0; word < 256; ++word) {
            right += target[word] == source[word / 128 * 64 + word % 64] ? 1 : 0;
        }
        return right;
    };
    const ClusterArguments sound = {source.data.get(), target.data.get(), 1, 1}, hurries = {source.data.get(), target.data.get(), 0, 1};
    const ClusterArguments leaves = {source.data.get(), target.data.get(), 0, 0};
    for (Schedule schedule : kSchedules) {
        std::fill(target.data.get(), target.data.get() + 256, ~0u);
        CHECK(tercet::simulation::launch(*kernel, 4, 1, 32, &sound, schedule) == nullptr);
        CHECK(count_right() == 256);
        CHECK(tercet::simulation::launch(*kernel, 3, 1, 32, &sound, schedule) != nullptr);
        std::fill(target.data.get(), target.data.get() + 256, ~0u);
        CHECK(tercet::simulation::launch(*kernel, 4, 1, 32, &hurries, schedule) == nullptr);
        // Who does not wait finds its own half only, if it comes first, and nothing where copies come late.
        CHECK(count_right() == (schedule == Schedule::kReverse ? 0 : 192));
    }
    // The first block has ended when the second one writes to it.
    CHECK(tercet::simulation::launch(*kernel, 2, 1, 32, &leaves, Schedule::kGreedy) != nullptr);
}

TEST_CASE(images_are_the_rows_within_the_residual) {
    std::mt19937 random(41u);
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kMixedScale, Rows::kTiny}) {
            const Matrix rows = test::make_rows(kind, 131, 70, 9, random);
            MiningProblem problem(rows, metric, true);
            problem.set_unit(test::Unit::kWarpGroups);
            CHECK(problem.prepare());
            const test::Side& side = problem.gallery_side();
            const double residual = static_cast<double>(tercet::from_ordered_bits(side.residual[0]));
            const double scale = std::ldexp(1.0, metric == Metric::kCosine ? tercet::image_exponent<tercet::Cosine>(side.largest[0])
                                                                           : tercet::image_exponent<tercet::SquaredEuclidean>(side.largest[0]));
            const auto* bytes = reinterpret_cast<const unsigned char*>(side.images.data.get());
            double longest = 0, worst = 0;
            for (int position = 0; position < rows.count; ++position) {
                longest = std::max(longest, metric == Metric::kCosine ? 1.0 : side.norms[static_cast<std::size_t>(position)]);
            }
            for (int position = 0; position < 256; ++position) {
                double squared = 0;
                for (int k = 0; k < 128; ++k) {
                    const int row = position % 128, image = position / 128 * 2 + k / 64;
                    unsigned short half;
                    std::memcpy(&half, bytes + image * tercet::kImageBytes + tercet::swizzled_piece(row, k % 64 / 8) + k % 8 * 2, sizeof half);
                    const bool exists = position < rows.count && k < rows.depth;
                    const double norm = side.norms[static_cast<std::size_t>(position)];
                    const double value = !exists ? 0.0 : static_cast<double>(rows.row(side.order[static_cast<std::size_t>(position)])[k]) / (metric == Metric::kCosine ? norm : 1.0);
                    const double rest = static_cast<double>(tercet::device::from_half(half)) / scale - value;
                    CHECK(exists || half == 0);
                    squared += rest * rest;
                }
                const double norm = metric == Metric::kCosine ? 1.0 : side.norms[static_cast<std::size_t>(position)];
                worst = std::max(worst, std::sqrt(squared) / std::max(norm, longest / 256));
            }
            CHECK(worst <= residual);
            CHECK(residual <= 0x1p-11 + 1e-6 || kind != Rows::kNormal);
            CHECK(residual <= 1.01 * worst);
        }
    }
}

TEST_CASE(warp_group_extremes_of_a_batch_are_the_oracles) {
    std::mt19937 random(42u);
    int turn = 0, rescanned = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kUnit, Rows::kLattice, Rows::kFewDistinct, Rows::kFarFromOrigin, Rows::kMixedScale}) {
            for (int count : {5, kind == Rows::kNormal ? 390 : 140}) {
                MiningProblem problem(test::make_rows(kind, count, 1 + turn * 23 % 90, 1 + count / (2 + turn % 5), random), metric, true);
                problem.set_unit(test::Unit::kWarpGroups, 1 + turn % 3);
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

// Anchors' images that stay, few and many, and such as stream by: depths on both sides of 512, several strips a cluster, an odd number of them, and rows that are no anchors.
TEST_CASE(every_schedule_gives_the_oracles_warp_group_extremes) {
    std::mt19937 random(43u);
    const Matrix rows = test::make_rows(Rows::kNormal, 530, 33, 300, random), deep = test::make_rows(Rows::kNormal, 270, 500, 20, random),
                 deeper = test::make_rows(Rows::kNormal, 140, 513, 20, random);
    for (Schedule schedule : kSchedules) {
        test::simulated_machine().set_schedule(schedule);
        MiningProblem shallow(rows, Metric::kSquaredEuclidean, true);
        CHECK(shallow.anchor_count() > 2 * tercet::kPanelRows && shallow.anchor_count() < rows.count);
        shallow.set_unit(test::Unit::kWarpGroups, 2);
        check_extremes(shallow, kAll);
        MiningProblem resident(deep, Metric::kCosine, true);
        resident.set_unit(test::Unit::kWarpGroups, 1);
        check_extremes(resident, 1 << tercet::kNearestNegative);
        MiningProblem streamed(deeper, Metric::kSquaredEuclidean, true);
        streamed.set_unit(test::Unit::kWarpGroups, 1);
        check_extremes(streamed, 1 << tercet::kNearestNegative);
    }
}

// Either side the longer one by far, so that the common scale is not its own; anchors in the caller's order; several strips a cluster, and more clusters than jobs.
TEST_CASE(warp_group_extremes_of_anchors_against_a_gallery_are_the_oracles) {
    std::mt19937 random(46u);
    int turn = 0;
    for (Metric metric : kMetrics) {
        for (Rows kind : {Rows::kNormal, Rows::kUnit, Rows::kLattice, Rows::kMixedScale}) {
            Matrix anchors = test::make_rows(kind, turn % 2 == 0 ? 270 : 7, 20 + turn, 9, random);
            const Matrix gallery = test::make_rows(kind, turn % 3 == 0 ? 300 : 129, 20 + turn, 9, random);
            const float factor = turn % 4 == 0 ? 1.0f : turn % 4 == 1 ? 1e4f : 1e-4f;
            for (float& value : anchors.values) {
                value *= factor;
            }
            MiningProblem problem(anchors, gallery, metric);
            problem.set_unit(test::Unit::kWarpGroups, 1 + turn % 3);
            test::simulated_machine().set_schedule(kSchedules[turn % 3]);
            ++turn;
            check_extremes(problem, kAll);
        }
        MiningProblem in_order(test::make_rows(Rows::kNormal, 400, 40, 30, random), metric, false);
        in_order.set_unit(test::Unit::kWarpGroups, 2);
        check_extremes(in_order, kAll);
    }
}

TEST_CASE(warp_group_norms_beyond_float32_leave_every_choice_to_float64) {
    std::mt19937 random(44u);
    MiningProblem problem(test::make_rows(Rows::kBeyondFloat, 140, 5, 9, random), Metric::kSquaredEuclidean, true);
    problem.set_unit(test::Unit::kWarpGroups);
    CHECK(check_extremes(problem, kAll) >= problem.anchor_count());
}

// Rows that are float16 to begin with lose nothing: the tolerance is that of the sums alone.
TEST_CASE(rows_of_float16_have_no_residual) {
    std::mt19937 random(45u);
    Matrix rows = test::make_rows(Rows::kUnit, 200, 48, 20, random);
    for (float& value : rows.values) {
        value = tercet::device::from_half(tercet::device::to_half(value));
    }
    MiningProblem problem(rows, Metric::kSquaredEuclidean, true);
    problem.set_unit(test::Unit::kWarpGroups);
    check_extremes(problem, kAll);
    CHECK(tercet::from_ordered_bits(problem.gallery_side().residual[0]) == 0.0f);
}
