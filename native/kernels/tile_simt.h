// One 128 × 128 tile of dot products in float32, for any card: 256 threads of 8 × 8 accumulators each, panels streamed through two buffers.
#pragma once

#include "arguments.h"
#include "tercet/device.h"

namespace tercet {

constexpr int kTileThreads = 256;
constexpr int kPerThread = 8;

struct TileStorage {
    device::Float4 rows[2][kDepthStep * kPanelRows / 4];
    device::Float4 columns[2][kDepthStep * kPanelRows / 4];
};

// A thread's rows of the tile: four neighbours in either half, so that a warp's reads of shared memory never conflict.
TERCET_DEVICE int tile_row(int index) { return (index & 3) + (index & 4) * 16 + (device::thread() / 16) * 4; }

TERCET_DEVICE int tile_column(int index) { return (index & 3) + (index & 4) * 16 + (device::thread() % 16) * 4; }

TERCET_DEVICE void load_eight(const device::Float4* step_row, int group, float (&values)[kPerThread]) {
    const device::Float4 low = step_row[group], high = step_row[group + kPanelRows / 8];
    values[0] = low.x, values[1] = low.y, values[2] = low.z, values[3] = low.w;
    values[4] = high.x, values[5] = high.y, values[6] = high.z, values[7] = high.w;
}

// Dot products of two panels. Each is one chain of multiply-adds in ascending order.
TERCET_DEVICE void multiply_panels(const PackedRows& rows, int row_panel, const PackedRows& columns, int column_panel, TileStorage& storage,
                                   float (&sums)[kPerThread][kPerThread]) {
    const long long panel_quads = static_cast<long long>(rows.padded_depth) * (kPanelRows / 4);
    const device::Float4* row_quads = reinterpret_cast<const device::Float4*>(rows.panels) + row_panel * panel_quads + device::thread();
    const device::Float4* column_quads = reinterpret_cast<const device::Float4*>(columns.panels) + column_panel * panel_quads + device::thread();
    for (int i = 0; i < kPerThread; ++i) {
        for (int j = 0; j < kPerThread; ++j) {
            sums[i][j] = 0.0f;
        }
    }

    const int steps = rows.padded_depth / kDepthStep;
    storage.rows[0][device::thread()] = row_quads[0];
    storage.columns[0][device::thread()] = column_quads[0];
    device::barrier();  // the first step is loaded
    for (int step = 0; step < steps; ++step) {
        const int current = step & 1;
        device::Float4 next_row = {}, next_column = {};
        if (step + 1 < steps) {
            next_row = row_quads[static_cast<long long>(step + 1) * kTileThreads];
            next_column = column_quads[static_cast<long long>(step + 1) * kTileThreads];
        }
        // Two at a time: with all eight, the registers that a fused epilogue needs are spilled.
#pragma unroll 2
        for (int k = 0; k < kDepthStep; ++k) {
            float x[kPerThread], y[kPerThread];
            load_eight(storage.rows[current] + k * (kPanelRows / 4), device::thread() / 16, x);
            load_eight(storage.columns[current] + k * (kPanelRows / 4), device::thread() % 16, y);
#pragma unroll
            for (int i = 0; i < kPerThread; ++i) {
#pragma unroll
                for (int j = 0; j < kPerThread; ++j) {
                    sums[i][j] += x[i] * y[j];
                }
            }
        }
        if (step + 1 < steps) {
            storage.rows[current ^ 1][device::thread()] = next_row;
            storage.columns[current ^ 1][device::thread()] = next_column;
        }
        device::barrier();  // the next step is loaded, and this one's buffer may be overwritten
    }
}

// Turns a tile's dot products into keys. A row or column past the last has an infinite term, and so infinite keys.
template <typename Metric>
TERCET_DEVICE void make_keys(const PackedRows& rows, int row_panel, const PackedRows& columns, int column_panel, float (&sums)[kPerThread][kPerThread]) {
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
        const float row_term = rows.terms[row_panel * kPanelRows + tile_row(i)];
#pragma unroll
        for (int j = 0; j < kPerThread; ++j) {
            sums[i][j] = Metric::key(sums[i][j], row_term, columns.terms[column_panel * kPanelRows + tile_column(j)]);
        }
    }
}

// The tile as passes see it that take any multiplier: a thread's eight rows and columns, which quarter of the tile's rows a row is in, and the keys.
struct SimtTile {
    using Storage = TileStorage;

    static TERCET_DEVICE int row(int index) { return tile_row(index); }
    static TERCET_DEVICE int column(int index) { return tile_column(index); }
    static TERCET_DEVICE int column_thread() { return device::thread() % 16; }
    static TERCET_DEVICE int quarter(int index) { return index / 4 * 2 + device::thread() / 128; }

    template <typename Metric, typename Arguments>
    static TERCET_DEVICE void multiply(const Arguments& arguments, int row_panel, int column_panel, Storage& storage, float (&keys)[kPerThread][kPerThread]) {
        multiply_panels(arguments.anchors, row_panel, arguments.gallery, column_panel, storage, keys);
        make_keys<Metric>(arguments.anchors, row_panel, arguments.gallery, column_panel, keys);
    }
};

}  // namespace tercet
