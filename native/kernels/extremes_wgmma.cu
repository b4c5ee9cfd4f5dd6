// The fused pass in the symmetric form on sm_90a: one warp group copies, two multiply and mine, each its own panel of anchors against the same gallery panel.
//
// A block takes a stretch of the jobs, ordered by pairs of row panels, so that its anchors' images stay while gallery panels stream by. There is no barrier but those that
// images arrive at.
#include "arguments.h"
#include "epilogue_wgmma.h"
#include "mining_tile.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_wgmma.h"

#if defined(TERCET_HAS_WARP_GROUPS)

namespace tercet {

// A job: row panels 2 · pair and the next one against one column panel. Those of a pair are the columns from its first row panel on.
struct Jobs {
    int pairs, columns;

    TERCET_DEVICE long long before(int pair) const { return static_cast<long long>(pair) * columns - static_cast<long long>(pair) * (pair - 1); }
    TERCET_DEVICE long long count() const { return before(pairs); }
};

TERCET_DEVICE Jobs jobs_of(const ExtremesArguments& arguments) {
    const int anchor_panels = (arguments.anchors.count + kPanelRows - 1) / kPanelRows;
    return {(anchor_panels + 1) / 2, arguments.gallery.panel_count};
}

// A block's stretch of the jobs.
struct Stretch {
    long long job, end;
    int pair, column;
    Jobs jobs;

    TERCET_DEVICE explicit Stretch(const ExtremesArguments& arguments) : jobs(jobs_of(arguments)) {
        const long long all = jobs.count();
        job = all * device::block() / device::blocks();
        end = all * (device::block() + 1) / device::blocks();
        pair = 0;
        while (pair + 1 < jobs.pairs && jobs.before(pair + 1) <= job) {
            ++pair;
        }
        column = static_cast<int>(job - jobs.before(pair)) + 2 * pair;
    }

    TERCET_DEVICE bool is_done() const { return job >= end; }

    // Whether the next job has other rows.
    TERCET_DEVICE bool advance() {
        ++job;
        if (++column < jobs.columns) {
            return false;
        }
        ++pair;
        column = 2 * pair;
        return true;
    }
};

// The place of a pipeline: a stage, and the parity of its phase.
struct Place {
    int stage = 0, parity = 0;

    TERCET_DEVICE void advance() {
        if (++stage == kWgmmaStages) {
            stage = 0;
            parity ^= 1;
        }
    }
};

struct Operands {
    unsigned char* shared;
    const unsigned char* images;
    int steps;

    TERCET_DEVICE bool is_resident() const { return steps <= kResidentSteps; }
    TERCET_DEVICE unsigned char* slot(int index) const { return shared + index * kImageBytes; }
    TERCET_DEVICE unsigned char* rows(int group, int step, int stage) const { return is_resident() ? slot(group * kResidentSteps + step) : slot(stage * 3 + group); }
    TERCET_DEVICE unsigned char* columns(int stage) const { return is_resident() ? slot(2 * kResidentSteps + stage) : slot(stage * 3 + 2); }
    TERCET_DEVICE const unsigned char* image(int panel, int step) const { return images + (static_cast<long long>(panel) * steps + step) * kImageBytes; }
};

// By one thread. The second panel of the last pair may not exist; the last one then stands in its place, and nobody looks at it.
TERCET_DEVICE void copy_images(Stretch stretch, const Operands& operands, WgmmaBarriers& barriers) {
    const int last_panel = stretch.jobs.columns - 1;
    Place place;
    int rows_parity = 0;
    for (bool is_new = true; !stretch.is_done(); is_new = stretch.advance()) {
        const int low = 2 * stretch.pair, high = low < last_panel ? low + 1 : last_panel;
        if (is_new && operands.is_resident()) {
            device::wait_for_phase(barriers.rows_empty, rows_parity ^ 1);
            rows_parity ^= 1;
            device::arrive_expecting(barriers.rows_full, 2 * operands.steps * kImageBytes);
            for (int step = 0; step < operands.steps; ++step) {
                device::copy_bulk(operands.rows(0, step, 0), operands.image(low, step), kImageBytes, barriers.rows_full);
                device::copy_bulk(operands.rows(1, step, 0), operands.image(high, step), kImageBytes, barriers.rows_full);
            }
        }
        for (int step = 0; step < operands.steps; ++step, place.advance()) {
            device::PhaseBarrier& full = barriers.full[place.stage];
            device::wait_for_phase(barriers.empty[place.stage], place.parity ^ 1);
            device::arrive_expecting(full, (operands.is_resident() ? 1 : 3) * kImageBytes);
            if (!operands.is_resident()) {
                device::copy_bulk(operands.rows(0, step, place.stage), operands.image(low, step), kImageBytes, full);
                device::copy_bulk(operands.rows(1, step, place.stage), operands.image(high, step), kImageBytes, full);
            }
            device::copy_bulk(operands.columns(place.stage), operands.image(stretch.column, step), kImageBytes, full);
        }
    }
}

// A warp's arrival, when all its lanes are done.
TERCET_DEVICE void leave(device::PhaseBarrier& barrier) {
    if (device::lane() == 0) {
        device::arrive(barrier);
    }
}

// One group's tile; a stage is left when the next one's products have begun.
TERCET_DEVICE void multiply_images(const Operands& operands, int group, WgmmaBarriers& barriers, Place& place, float (&low)[device::kProductSums],
                                   float (&high)[device::kProductSums]) {
    int last_stage = 0;
    // Zeros, rather than a first product that does not add: anything else that touches the sums while products are under way makes the compiler run those one by one.
#pragma unroll
    for (int i = 0; i < device::kProductSums; ++i) {
        low[i] = high[i] = 0.0f;
    }
#pragma unroll 1
    for (int step = 0; step < operands.steps; ++step, place.advance()) {
        device::wait_for_phase(barriers.full[place.stage], place.parity);
        device::Operand rows = device::operand_of(operands.rows(group, step, place.stage)), columns = device::operand_of(operands.columns(place.stage));
        device::begin_products();
#pragma unroll
        for (int k = 0; k < kImageDepth / device::kProductDepth; ++k) {
            device::multiply_operands(low, rows, columns);
            device::multiply_operands(high, device::operand_after(rows, device::kProductRows * 128), columns);
            rows = device::operand_after(rows, device::kProductDepth * 2);
            columns = device::operand_after(columns, device::kProductDepth * 2);
        }
        device::commit_products();
        if (step > 0) {
            device::wait_for_products<1>();
            leave(barriers.empty[last_stage]);
        }
        last_stage = place.stage;
    }
    device::wait_for_products<0>();
    leave(barriers.empty[last_stage]);
}

template <typename Metric>
TERCET_DEVICE void mine_images(const ExtremesArguments& arguments, Stretch stretch, const Operands& operands, WgmmaBarriers& barriers) {
    const int group = device::thread() / device::kWarpGroup - 1;
    Place place;
    int rows_parity = 0;
    for (bool is_new = true; !stretch.is_done();) {
        if (is_new && operands.is_resident()) {
            device::wait_for_phase(barriers.rows_full, rows_parity);
            rows_parity ^= 1;
        }
        const int row_panel = 2 * stretch.pair + group, column_panel = stretch.column;
        ThreadKeys keys;
        multiply_images(operands, group, barriers, place, keys[0], keys[1]);
        is_new = stretch.advance();
        if (is_new && operands.is_resident()) {
            leave(barriers.rows_empty);
        }
        // Below the diagonal, or past the last anchor: another group's tile, or nobody's.
        const int first_row = row_panel * kPanelRows, first_column = column_panel * kPanelRows;
        if (row_panel > column_panel || first_row >= arguments.anchors.count) {
            continue;
        }
        const bool both_sides = row_panel != column_panel && first_column < arguments.anchors.count;
        make_wgmma_keys<Metric>(arguments, first_row, first_column, keys);
        if (!is_warp_mixed(arguments, first_row, first_column)) {
            fold_wgmma(arguments, PureNegatives{}, first_row, first_column, both_sides, keys);
            continue;
        }
#pragma unroll 1
        for (int kind = 0; kind < kKinds; ++kind) {
            fold_wgmma(arguments, AnyKind{kind}, first_row, first_column, both_sides, keys);
        }
    }
}

template <typename Metric>
TERCET_DEVICE void mine_by_warp_groups(const ExtremesArguments& arguments, unsigned char* shared) {
    WgmmaBarriers& barriers = *reinterpret_cast<WgmmaBarriers*>(shared + kWgmmaImages * kImageBytes);
    const Operands operands = {shared, static_cast<const unsigned char*>(arguments.gallery_halves.fragments), image_steps(arguments.gallery.depth)};
    constexpr int kMiningWarps = 2 * device::kWarpGroup / device::kWarp;
    if (device::thread() == 0) {
        for (int stage = 0; stage < kWgmmaStages; ++stage) {
            device::start_barrier(barriers.full[stage], 1);
            device::start_barrier(barriers.empty[stage], kMiningWarps);
        }
        device::start_barrier(barriers.rows_full, 1);
        device::start_barrier(barriers.rows_empty, kMiningWarps);
        device::publish_barriers();
    }
    device::barrier();  // barriers are there
    const Stretch stretch(arguments);
    if (device::thread() < device::kWarpGroup) {
        device::give_registers();
        if (device::thread() == 0) {
            copy_images(stretch, operands, barriers);
        }
        return;
    }
    device::take_registers();
    mine_images<Metric>(arguments, stretch, operands, barriers);
}

TERCET_KERNEL_DYNAMIC(extremes_wgmma_squared_euclidean, kWgmmaThreads, 1, ExtremesArguments, kWgmmaSharedBytes) {
    TERCET_DYNAMIC(shared, kWgmmaSharedBytes);
    mine_by_warp_groups<SquaredEuclidean>(arguments, shared);
}

TERCET_KERNEL_DYNAMIC(extremes_wgmma_cosine, kWgmmaThreads, 1, ExtremesArguments, kWgmmaSharedBytes) {
    TERCET_DYNAMIC(shared, kWgmmaSharedBytes);
    mine_by_warp_groups<Cosine>(arguments, shared);
}

}  // namespace tercet

#endif
