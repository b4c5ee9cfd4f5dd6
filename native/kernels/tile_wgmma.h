// Tiles of dot products by wgmma (sm_90a): float16 rows of one common scale, one product, float32 accumulators.
//
// Rows of both sides are scaled by the power of two that brings the largest norm of either to between 2¹²·⁵ and 2¹³·⁵. A row's image is its float16 rounding; what that leaves out is measured when
// images are made, and bounds the keys' error (limits.h). Images of 128 rows × 64 components stand in memory as an operand stands in shared memory, swizzle and
// all, so that one bulk copy brings one, and no tensor map is needed.
#pragma once

#include "arguments.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"
#include "tercet/warp_group.h"

namespace tercet {

// The exponent of the common scale, from the largest term: of a squared norm, or of unit rows.
template <typename Metric>
TERCET_DEVICE int image_exponent(uint32 largest_bits) {
    const float largest = Metric::kUnitRows ? 1.0f : from_ordered_bits(largest_bits);
    // The norm's exponent, rounded up where the squared one's is odd.
    const int exponent = (static_cast<int>(float_bits(largest) >> 23) - 127 + 1) >> 1;
    const int shift = 13 - exponent;
    return shift > 100 ? 100 : shift;
}

// Where an image's piece of 8 components stands. An image is rows of 128 bytes, in groups of 8; within a group the pieces of row r stand at their number XOR r, so that
// reads down a column touch all banks.
TERCET_DEVICE int swizzled_piece(int row, int piece) { return row * kImageDepth * 2 + ((piece ^ (row & 7)) << 4); }

#if defined(TERCET_HAS_WARP_GROUPS)

// Two groups multiply, a third one copies.
constexpr int kMultiplyingGroups = 2;
constexpr int kWgmmaThreads = (kMultiplyingGroups + 1) * device::kWarpGroup;
// Fourteen images are what shared memory has room for. A panel of anchors of up to eight stays; deeper ones stream through four. What is left are the rings of gallery panels.
constexpr int kWgmmaImages = 14;
constexpr int kMostResidentSteps = 8;
constexpr int kStreamedSlots = 4;
constexpr int kMostColumnSlots = (kWgmmaImages - 1) / kMultiplyingGroups;

struct WgmmaBarriers {
    device::PhaseBarrier rows_full[kMostResidentSteps], rows_empty[kMostResidentSteps];
    device::PhaseBarrier full[kMultiplyingGroups][kMostColumnSlots], empty[kMultiplyingGroups][kMostColumnSlots];
    // A group's turn to multiply, which the other one gives.
    device::PhaseBarrier turn[kMultiplyingGroups];
};

constexpr int kWgmmaSharedBytes = kWgmmaImages * kImageBytes + static_cast<int>(sizeof(WgmmaBarriers));

// A warp of a group holds 32 rows and all 128 columns of its panels' tile; a thread four rows, and a quarter of the columns.
constexpr int kThreadRows = 4;
constexpr int kThreadColumns = 32;

TERCET_DEVICE int wgmma_row(int index) { return index / 2 * 64 + device::thread() / device::kWarp % 4 * 16 + (index & 1) * 8 + device::lane() / 4; }

TERCET_DEVICE int wgmma_column_of(int index, int lane) { return index / 2 * 8 + lane % 4 * 2 + (index & 1); }

TERCET_DEVICE int wgmma_column(int index) { return wgmma_column_of(index, device::lane()); }

#endif

}  // namespace tercet
