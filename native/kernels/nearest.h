// The k nearest gallery rows of every anchor, in two passes over the tiles.
//
// The first keeps the smallest key of each of 128 groups of gallery rows. The k-th smallest of those belongs to k different rows, so that it bounds the anchor's
// k-th nearest from above; it is a close bound, since few groups hold two of the k. The second pass keeps every row up to the bound and two tolerances, some
// k + k²/256 of them, and float64 puts those in order. Neither pass owes anything to the order in which tiles come.
#pragma once

#include "arguments.h"
#include "limits.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"

namespace tercet {

constexpr int kNearestThreads = 256;
// Groups that one panel of gallery rows touches: two of four rows for each of sixteen threads of a tile.
constexpr int kPanelGroups = 32;

TERCET_DEVICE int first_group(int column_panel, int column_thread) { return column_panel % (kNearestGroups / kPanelGroups) * kPanelGroups + column_thread * 2; }

// Whether the anchor of a chunk is one.
TERCET_DEVICE bool is_anchor(const NearestArguments& arguments, int local) {
    return arguments.first_panel * kPanelRows + local < arguments.anchors.count;
}

// Rows past the last have infinite keys, which lower no minimum.
template <typename Tile>
TERCET_DEVICE void keep_minima(const NearestArguments& arguments, const float (&keys)[8][8]) {
    const int group = first_group(device::block(), Tile::column_thread());
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const int local = device::block_row() * kPanelRows + Tile::row(i);
        if (!is_anchor(arguments, local)) {
            continue;
        }
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float least = keys[i][half * 4];
#pragma unroll
            for (int j = 1; j < 4; ++j) {
                least = device::smaller(least, keys[i][half * 4 + j]);
            }
            uint32* minimum = arguments.minima + static_cast<long long>(local) * kNearestGroups + group + half;
            if (least < device::infinity() && ordered_bits(least) < device::peek(minimum)) {
                device::atomic_min(minimum, ordered_bits(least));
            }
        }
    }
}

// Put so that without a finite limit every row passes.
template <typename Tile>
TERCET_DEVICE void keep_candidates(const NearestArguments& arguments, const float (&keys)[8][8]) {
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const int local = device::block_row() * kPanelRows + Tile::row(i);
        if (!is_anchor(arguments, local)) {
            continue;
        }
        const float limit = arguments.limits[local];
        uint32 passing = 0u;
#pragma unroll
        for (int j = 0; j < 8; ++j) {
            passing |= !(keys[i][j] > limit) && device::block() * kPanelRows + Tile::column(j) < arguments.gallery.count ? 1u << j : 0u;
        }
        for (; passing != 0u; passing &= passing - 1u) {
            const int slot = device::atomic_add(arguments.counts + local, 1);
            if (slot < kNearestCandidates) {
                arguments.candidates[static_cast<long long>(local) * kNearestCandidates + slot] = device::block() * kPanelRows + Tile::column(device::lowest_bit(passing));
            }
        }
    }
}

// The two passes, over what a tile of one multiplier makes of the panels: 8 × 8 keys a thread.
template <typename Tile, typename Metric>
TERCET_DEVICE void find_minima(const NearestArguments& arguments) {
    TERCET_SHARED(typename Tile::Storage, storage);
    float keys[8][8];
    Tile::template multiply<Metric>(arguments, arguments.first_panel + device::block_row(), device::block(), storage, keys);
    keep_minima<Tile>(arguments, keys);
}

template <typename Tile, typename Metric>
TERCET_DEVICE void find_candidates(const NearestArguments& arguments) {
    TERCET_SHARED(typename Tile::Storage, storage);
    float keys[8][8];
    Tile::template multiply<Metric>(arguments, arguments.first_panel + device::block_row(), device::block(), storage, keys);
    keep_candidates<Tile>(arguments, keys);
}

}  // namespace tercet
