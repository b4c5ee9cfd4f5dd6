// One 128 × 128 tile of dot products on tensor cores (sm_80 and newer): float16 pairs, float32 accumulators.
//
// A row x, scaled by a power of two of its own so that its norm lies between 2¹³ and 2¹⁴, is split into hi = float16(x) and lo = float16(x − hi); the
// product is hi·hi + hi·lo + lo·hi. What is left out is at most 3.1·2⁻²² of ‖x‖‖y‖, the floor of float16 included, since no component is small against
// 2⁻²⁴ unless it is small against the norm.
//
// Cards cut what they add up, and cut by the largest of it. So a step's products have sums of their own, which float32 additions, rounded to the nearest, take
// over: the cuts of a step s of 16 components are to 2⁻²³ of ‖xₛ‖‖yₛ‖, and those of all steps together, since Σ‖xₛ‖‖yₛ‖ ≤ ‖x‖‖y‖, what those of a single
// step of the whole norm would be.
//
// Panels hold fragments as mma.m16n8k16 wants them, 16 bytes a lane: one layout serves both operands, and no ldmatrix is needed.
#pragma once

#include "arguments.h"
#include "tercet/device.h"

namespace tercet {

constexpr int kMmaThreads = 256;
constexpr int kMmaDepth = 16;
constexpr int kMmaSide = 8;
// Fragments of one step of one panel: 8 groups of 16 rows, hi and lo, 32 lanes.
constexpr int kStepFragments = kPanelRows / 16 * 2 * device::kWarp;

// Two steps of either side, one after the other.
struct MmaStorage {
    device::Uint4 rows[2 * kStepFragments];
    device::Uint4 columns[2 * kStepFragments];
};

// Two by four warps of 64 × 32 results; a thread's eight rows and eight columns of them.
TERCET_DEVICE int mma_row(int index) { return device::thread() / 128 * 64 + index / 2 * 16 + (index & 1) * 8 + device::lane() / 4; }

TERCET_DEVICE int mma_column(int index) { return device::thread() / 32 % 4 * 32 + index / 2 * 8 + device::lane() % 4 * 2 + (index & 1); }

// One step of the warp's rows and of half of its columns, from a lane's first fragments on.
template <int kHalf>
TERCET_DEVICE void multiply_step(const device::Uint4* rows, const device::Uint4* columns, float (&sums)[kMmaSide / 2][kMmaSide / 2][4]) {
    const device::Uint4 high = columns[kHalf * 2 * device::kWarp], low = columns[(kHalf * 2 + 1) * device::kWarp];
#pragma unroll
    for (int m = 0; m < 4; ++m) {
        const device::Uint4 row_high = rows[m * 2 * device::kWarp], row_low = rows[(m * 2 + 1) * device::kWarp];
        // The small products first, while the step's sums are small; two chains side by side, since each waits for itself.
        float parts[2][4] = {};
        device::multiply_fragments(parts[0], row_low, high.x, high.z);
        device::multiply_fragments(parts[1], row_low, high.y, high.w);
        device::multiply_fragments(parts[0], row_high, low.x, low.z);
        device::multiply_fragments(parts[1], row_high, low.y, low.w);
        device::multiply_fragments(parts[0], row_high, high.x, high.z);
        device::multiply_fragments(parts[1], row_high, high.y, high.w);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            sums[m][2 * kHalf][i] += parts[0][i];
            sums[m][2 * kHalf + 1][i] += parts[1][i];
        }
    }
}

// Begins to copy a thread's part of one step of one side; it passes by the registers, which are scarce.
TERCET_DEVICE void load_step(const device::Uint4* fragments, device::Uint4* target) {
#pragma unroll
    for (int part = 0; part < kStepFragments; part += kMmaThreads) {
        device::copy_async(target + part, fragments + part);
    }
}

TERCET_DEVICE void multiply_halves(const HalfPanels& rows, int row_panel, const HalfPanels& columns, int column_panel, int steps, MmaStorage& storage,
                                   float (&sums)[kMmaSide / 2][kMmaSide / 2][4]) {
    const int thread = device::thread();
    const device::Uint4* row_fragments = static_cast<const device::Uint4*>(rows.fragments) + static_cast<long long>(row_panel) * steps * kStepFragments + thread;
    const device::Uint4* column_fragments = static_cast<const device::Uint4*>(columns.fragments) + static_cast<long long>(column_panel) * steps * kStepFragments + thread;
#pragma unroll
    for (int m = 0; m < kMmaSide / 2; ++m) {
#pragma unroll
        for (int n = 0; n < kMmaSide / 2; ++n) {
            sums[m][n][0] = sums[m][n][1] = sums[m][n][2] = sums[m][n][3] = 0.0f;
        }
    }
    // Where a thread copies to, and what its warp multiplies first: in one buffer and the other in turn.
    int loaded = thread, row = thread / 128 * 4 * 2 * device::kWarp + device::lane(), column = thread / 32 % 4 * 2 * 2 * device::kWarp + device::lane();
    load_step(row_fragments, storage.rows + loaded);
    load_step(column_fragments, storage.columns + loaded);
    for (int step = 1; step <= steps; ++step) {
        device::wait_for_copies();
        device::barrier();  // the step is loaded, and the one before is multiplied
        loaded ^= kStepFragments;
        // Copies of rows before the products and of columns among them keep a compiler from reading all operands at once.
        if (step < steps) {
            row_fragments += kStepFragments;
            load_step(row_fragments, storage.rows + loaded);
        }
        multiply_step<0>(storage.rows + row, storage.columns + column, sums);
        if (step < steps) {
            column_fragments += kStepFragments;
            load_step(column_fragments, storage.columns + loaded);
        }
        multiply_step<1>(storage.rows + row, storage.columns + column, sums);
        row ^= kStepFragments;
        column ^= kStepFragments;
    }
}

// Turns a tile's dot products into keys. A row or column past the last has an infinite term, and so infinite keys.
template <typename Metric>
TERCET_DEVICE void make_mma_keys(const PackedRows& rows, const HalfPanels& row_halves, int first_row, const PackedRows& columns, const HalfPanels& column_halves,
                                 int first_column, const float (&sums)[kMmaSide / 2][kMmaSide / 2][4], float (&keys)[kMmaSide][kMmaSide]) {
#pragma unroll
    for (int i = 0; i < kMmaSide; ++i) {
        const float row_term = rows.terms[first_row + mma_row(i)];
        const float row_scale = row_halves.inverse_scales[first_row + mma_row(i)];
#pragma unroll
        for (int j = 0; j < kMmaSide; ++j) {
            const int column = first_column + mma_column(j);
            // One scale after the other: their product may leave the range of float32.
            const float dot = sums[i / 2][j / 2][(i & 1) * 2 + (j & 1)] * row_scale * column_halves.inverse_scales[column];
            keys[i][j] = Metric::key(dot, row_term, columns.terms[column]);
        }
    }
}

// As SimtTile is, for passes that take any multiplier.
struct MmaTile {
    using Storage = MmaStorage;

    static TERCET_DEVICE int row(int index) { return mma_row(index); }
    static TERCET_DEVICE int column(int index) { return mma_column(index); }
    static TERCET_DEVICE int column_thread() { return device::thread() / 32 % 4 * 4 + device::lane() % 4; }
    static TERCET_DEVICE int quarter(int index) { return device::thread() / 128 * 2 + index / 4; }

    template <typename Metric, typename Arguments>
    static TERCET_DEVICE void multiply(const Arguments& arguments, int row_panel, int column_panel, Storage& storage, float (&keys)[kMmaSide][kMmaSide]) {
        float sums[kMmaSide / 2][kMmaSide / 2][4];
        multiply_halves(arguments.anchor_halves, row_panel, arguments.gallery_halves, column_panel, (arguments.gallery.depth + kMmaDepth - 1) / kMmaDepth, storage, sums);
        make_mma_keys<Metric>(arguments.anchors, arguments.anchor_halves, row_panel * kPanelRows, arguments.gallery, arguments.gallery_halves, column_panel * kPanelRows, sums, keys);
    }
};

}  // namespace tercet
