// One 128 × 128 tile of dot products on tensor cores (sm_80 and newer): float16 pairs, float32 accumulators.
//
// A row x, scaled by a power of two of its own so that its norm lies between 2¹³ and 2¹⁴, is split into hi = float16(x) and lo = float16(x − hi); the
// product is hi·hi + hi·lo + lo·hi. What is left out is at most 3.1·2⁻²² of ‖x‖‖y‖, the floor of float16 included, since no component is small against
// 2⁻²⁴ unless it is small against the norm.
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

struct MmaStorage {
    device::Uint4 rows[2][kStepFragments];
    device::Uint4 columns[2][kStepFragments];
};

// Two by four warps of 64 × 32 results; a thread's eight rows and eight columns of them.
TERCET_DEVICE int mma_row(int index) { return device::thread() / 128 * 64 + index / 2 * 16 + (index & 1) * 8 + device::lane() / 4; }

TERCET_DEVICE int mma_column(int index) { return device::thread() / 32 % 4 * 32 + index / 2 * 8 + device::lane() % 4 * 2 + (index & 1); }

TERCET_DEVICE void multiply_step(const device::Uint4* rows, const device::Uint4* columns, float (&sums)[kMmaSide / 2][kMmaSide / 2][4]) {
    const int row_group = device::thread() / 128 * 4, column_group = device::thread() / 32 % 4 * 2, lane = device::lane();
#pragma unroll
    for (int n = 0; n < 2; ++n) {
        const device::Uint4 high = columns[(column_group + n) * 2 * device::kWarp + lane];
        const device::Uint4 low = columns[((column_group + n) * 2 + 1) * device::kWarp + lane];
#pragma unroll
        for (int m = 0; m < 4; ++m) {
            const device::Uint4 row_high = rows[(row_group + m) * 2 * device::kWarp + lane];
            const device::Uint4 row_low = rows[((row_group + m) * 2 + 1) * device::kWarp + lane];
            // The small products first, while the sums are small.
            device::multiply_fragments(sums[m][2 * n], row_low, high.x, high.z);
            device::multiply_fragments(sums[m][2 * n], row_high, low.x, low.z);
            device::multiply_fragments(sums[m][2 * n], row_high, high.x, high.z);
            device::multiply_fragments(sums[m][2 * n + 1], row_low, high.y, high.w);
            device::multiply_fragments(sums[m][2 * n + 1], row_high, low.y, low.w);
            device::multiply_fragments(sums[m][2 * n + 1], row_high, high.y, high.w);
        }
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
    for (int half = 0; half < kStepFragments; half += kMmaThreads) {
        storage.rows[0][half + thread] = row_fragments[half];
        storage.columns[0][half + thread] = column_fragments[half];
    }
    device::barrier();  // the first step is loaded
    for (int step = 0; step < steps; ++step) {
        const int current = step & 1;
        device::Uint4 next_rows[2] = {}, next_columns[2] = {};
        if (step + 1 < steps) {
            const long long next = static_cast<long long>(step + 1) * kStepFragments;
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                next_rows[half] = row_fragments[next + half * kMmaThreads];
                next_columns[half] = column_fragments[next + half * kMmaThreads];
            }
        }
        multiply_step(storage.rows[current], storage.columns[current], sums);
        if (step + 1 < steps) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                storage.rows[current ^ 1][half * kMmaThreads + thread] = next_rows[half];
                storage.columns[current ^ 1][half * kMmaThreads + thread] = next_columns[half];
            }
        }
        device::barrier();  // the next step is loaded, and this one's buffer may be overwritten
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

}  // namespace tercet
