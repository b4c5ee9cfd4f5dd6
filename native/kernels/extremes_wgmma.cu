// The fused pass on sm_90a, in clusters of two blocks: each block has a panel of anchors of its own, and a group that multiplies a gallery panel of its own,
// the same in both blocks. Each block loads half of a gallery image and copies it to both.
//
// In a block one warp group copies, by a thread for the anchors and one for each ring of gallery images, and two multiply and mine, by turns where they can: one multiplies while
// the other mines. There is no barrier but those that images arrive at, those of the turns, and those of the cluster where it begins and ends.
#include "arguments.h"
#include "clusters_wgmma.h"
#include "epilogue_wgmma.h"
#include "mining_tile.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_wgmma.h"

#if defined(TERCET_HAS_WARP_GROUPS)

namespace tercet {

constexpr int kGroupWarps = device::kWarpGroup / device::kWarp;

// The images of a panel. One that does not exist, the second of the last pair, has the last one in its place, and nobody looks at what comes of it.
TERCET_DEVICE const unsigned char* images_of(const PackedRows& rows, const HalfPanels& halves, int panel) {
    const int known = panel < rows.panel_count ? panel : rows.panel_count - 1;
    return static_cast<const unsigned char*>(halves.fragments) + static_cast<long long>(known) * image_steps(rows.depth) * kImageBytes;
}

// By one thread.
TERCET_DEVICE void copy_rows(const ExtremesArguments& arguments, Stretch stretch, const Slots& slots, WgmmaBarriers& barriers) {
    Place place;
    for (bool is_new = true; !stretch.is_done(); is_new = stretch.advance()) {
        if (!is_new && slots.rows_stay()) {
            continue;
        }
        const unsigned char* image = images_of(arguments.anchors, arguments.anchor_halves, stretch.row_panel());
#pragma unroll 1
        for (int step = 0; step < slots.steps; ++step, image += kImageBytes, place.advance(slots.rows)) {
            device::PhaseBarrier& full = barriers.rows_full[place.slot];
            device::wait_for_phase(barriers.rows_empty[place.slot], place.parity ^ 1);
            device::arrive_expecting(full, kImageBytes);
            device::copy_bulk(slots.row_slot(place.slot), image, kImageBytes, full);
        }
    }
}

// By one thread: this block's half of one group's images, to both blocks. The other half may come before this block expects it, but not before this block has left the slot.
TERCET_DEVICE void copy_columns(const ExtremesArguments& arguments, Stretch stretch, const Slots& slots, int group, WgmmaBarriers& barriers) {
    constexpr int kPartBytes = kImageBytes / device::kClusterBlocks;
    const int part = device::cluster_rank() * kPartBytes;
    Place place;
    for (; !stretch.is_done(); stretch.advance()) {
        const unsigned char* image = images_of(arguments.gallery, arguments.gallery_halves, stretch.column_panel(group));
#pragma unroll 1
        for (int step = 0; step < slots.steps; ++step, image += kImageBytes, place.advance(slots.columns)) {
            device::PhaseBarrier& full = barriers.full[group][place.slot];
            device::wait_for_phase(barriers.empty[group][place.slot], place.parity ^ 1);
            device::arrive_expecting(full, kImageBytes);
            device::copy_bulk_to_cluster(slots.column_slot(group, place.slot) + part, image + part, kPartBytes, full);
        }
    }
}

// A warp's arrivals, when all its lanes are done: in every block of the cluster, since each fills the slots of all.
TERCET_DEVICE void leave_columns(device::PhaseBarrier& barrier) {
    if (device::lane() < device::kClusterBlocks) {
        device::arrive_in(barrier, device::lane());
    }
}

// The same in this block alone.
TERCET_DEVICE void arrive_as_warp(device::PhaseBarrier& barrier) {
    if (device::lane() == 0) {
        device::arrive(barrier);
    }
}

// One group's tile; slots are left when the next step's products have begun, and the turn is given away when the last step's have. With rows that stream by there are no turns: the
// group that has its turn would wait for slots that the other one leaves in a turn of its own.
TERCET_DEVICE void multiply_images(const Slots& slots, int group, bool leaves, int turn, WgmmaBarriers& barriers, Place& rows_place, Place& columns_place,
                                   float (&low)[device::kProductSums], float (&high)[device::kProductSums]) {
    // Zeros, rather than a first product that does not add: anything else that touches the sums while products are under way makes the compiler run those one by one.
#pragma unroll
    for (int i = 0; i < device::kProductSums; ++i) {
        low[i] = high[i] = 0.0f;
    }
    const bool takes_turns = slots.rows_stay();
    if (takes_turns) {
        // The first group's first turn is nobody's to give.
        device::wait_for_phase(barriers.turn[group], group == 0 ? turn ^ 1 : turn);
    }
    int last_row_slot = 0, last_column_slot = 0;
#pragma unroll 1
    for (int step = 0; step < slots.steps; ++step) {
        device::wait_for_phase(barriers.rows_full[rows_place.slot], rows_place.parity);
        device::wait_for_phase(barriers.full[group][columns_place.slot], columns_place.parity);
        device::Operand rows = device::operand_of(slots.row_slot(rows_place.slot)), columns = device::operand_of(slots.column_slot(group, columns_place.slot));
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
            leave_columns(barriers.empty[group][last_column_slot]);
            if (leaves) {
                arrive_as_warp(barriers.rows_empty[last_row_slot]);
            }
        }
        last_row_slot = rows_place.slot;
        last_column_slot = columns_place.slot;
        rows_place.advance(slots.rows);
        columns_place.advance(slots.columns);
    }
    if (takes_turns) {
        arrive_as_warp(barriers.turn[group ^ 1]);
    }
    device::wait_for_products<0>();
    device::settle(low);
    device::settle(high);
    leave_columns(barriers.empty[group][last_column_slot]);
    if (leaves) {
        arrive_as_warp(barriers.rows_empty[last_row_slot]);
    }
}

template <typename Metric>
TERCET_DEVICE void mine_images(const ExtremesArguments& arguments, Stretch stretch, const Slots& slots, WgmmaBarriers& barriers) {
    const int group = device::thread() / device::kWarpGroup - 1;
    const Slack slack(arguments.tolerance);
    const float scale = power_of_two(-image_exponent<Metric>(*arguments.tolerance.largest));
    Place rows_place, columns_place;
    for (int turn = 0; !stretch.is_done(); stretch.advance(), turn ^= 1) {
        const bool leaves = !slots.rows_stay() || stretch.is_last_of_rows();
        ThreadKeys keys;
        multiply_images(slots, group, leaves, turn, barriers, rows_place, columns_place, keys[0], keys[1]);
        // Rows that stay are in the same phase for every job, but their ring has been gone round.
        rows_place.parity ^= leaves ? 0 : 1;
        // Below the diagonal, past the last anchor, or past the last row: another block's tile, or nobody's.
        const int row_panel = stretch.row_panel(), column_panel = stretch.column_panel(group);
        const int first_row = row_panel * kPanelRows, first_column = column_panel * kPanelRows;
        const bool is_symmetric = arguments.symmetric != 0;
        if ((is_symmetric && row_panel > column_panel) || first_row >= arguments.anchors.count || column_panel >= arguments.gallery.panel_count) {
            continue;
        }
        const bool both_sides = is_symmetric && row_panel != column_panel && first_column < arguments.anchors.count;
        make_wgmma_keys<Metric>(arguments, scale, first_row, first_column, keys);
        if (!is_warp_mixed(arguments, first_row, first_column)) {
            fold_wgmma(arguments, PureNegatives{}, slack, first_row, first_column, both_sides, keys);
            continue;
        }
#pragma unroll 1
        for (int kind = 0; kind < kKinds; ++kind) {
            fold_wgmma(arguments, AnyKind{kind}, slack, first_row, first_column, both_sides, keys);
        }
    }
}

// By one thread of each block.
TERCET_DEVICE void start_barriers(WgmmaBarriers& barriers) {
    for (int slot = 0; slot < kMostResidentSteps; ++slot) {
        device::start_barrier(barriers.rows_full[slot], 1);
        device::start_barrier(barriers.rows_empty[slot], kMultiplyingGroups * kGroupWarps);
    }
    for (int group = 0; group < kMultiplyingGroups; ++group) {
        for (int slot = 0; slot < kMostColumnSlots; ++slot) {
            device::start_barrier(barriers.full[group][slot], 1);
            device::start_barrier(barriers.empty[group][slot], device::kClusterBlocks * kGroupWarps);
        }
        device::start_barrier(barriers.turn[group], kGroupWarps);
    }
    device::publish_barriers();
}

template <typename Metric>
TERCET_DEVICE void mine_by_warp_groups(const ExtremesArguments& arguments, unsigned char* shared) {
    WgmmaBarriers& barriers = *reinterpret_cast<WgmmaBarriers*>(shared + kWgmmaImages * kImageBytes);
    const Slots slots(shared, arguments.gallery.depth);
    if (device::thread() == 0) {
        start_barriers(barriers);
    }
    device::cluster_barrier();  // barriers are there, in both blocks
    // Either sort of group works out its stretch for itself: kept across the change of registers, it would be spilled.
    if (device::thread() < device::kWarpGroup) {
        device::give_registers();
        const Stretch stretch(arguments);
        const int warp = device::thread() / device::kWarp;
        if (device::lane() == 0 && warp < kMultiplyingGroups) {
            copy_columns(arguments, stretch, slots, warp, barriers);
        } else if (device::lane() == 0 && warp == kMultiplyingGroups) {
            copy_rows(arguments, stretch, slots, barriers);
        }
        device::cluster_barrier();  // nothing more comes from the other block
        return;
    }
    device::take_registers();
    mine_images<Metric>(arguments, Stretch(arguments), slots, barriers);
    device::cluster_barrier();  // nothing more comes from the other block
}

TERCET_KERNEL_CLUSTER(extremes_wgmma_squared_euclidean, kWgmmaThreads, 1, ExtremesArguments, kWgmmaSharedBytes, device::kClusterBlocks) {
    TERCET_DYNAMIC(shared, kWgmmaSharedBytes);
    mine_by_warp_groups<SquaredEuclidean>(arguments, shared);
}

TERCET_KERNEL_CLUSTER(extremes_wgmma_cosine, kWgmmaThreads, 1, ExtremesArguments, kWgmmaSharedBytes, device::kClusterBlocks) {
    TERCET_DYNAMIC(shared, kWgmmaSharedBytes);
    mine_by_warp_groups<Cosine>(arguments, shared);
}

}  // namespace tercet

#endif
