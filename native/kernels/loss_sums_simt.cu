// Weighted sums of rows: the chunk's weights times the rows less their mean, a segment of rows at a time, and the segments one after another, so that the
// sums do not depend on the order in which blocks run.
#include "arguments.h"
#include "loss.h"
#include "tercet/device.h"
#include "tile_simt.h"

namespace tercet {

// A panel of the chunk's columns and one of dimensions, over one segment: panels of segments are what the tile multiplies.
TERCET_KERNEL(loss_sums, kTileThreads, 2, LossArguments) {
    TERCET_SHARED(TileStorage, storage);
    const int dimensions = dimension_panels(arguments), segment = device::block() / dimensions, panel = device::block() % dimensions;
    PackedRows weights = {}, rows = {};
    weights.panels = arguments.weights;
    rows.panels = arguments.centred;
    weights.padded_depth = rows.padded_depth = arguments.segment_rows;
    float sums[kPerThread][kPerThread];
    multiply_panels(weights, device::block_row() * arguments.segments + segment, rows, panel * arguments.segments + segment, storage, sums);
    const long long first = (static_cast<long long>(segment) * arguments.chunk_panels + device::block_row()) * kPanelRows;
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
        device::Float4* target = reinterpret_cast<device::Float4*>(arguments.segment_sums + ((first + tile_row(i)) * dimensions + panel) * kPanelRows);
        target[tile_column(0) / 4] = {sums[i][0], sums[i][1], sums[i][2], sums[i][3]};
        target[tile_column(4) / 4] = {sums[i][4], sums[i][5], sums[i][6], sums[i][7]};
    }
}

// The chunk's columns have all their segments, and every row has the chunk's columns.
TERCET_KERNEL(loss_collect, kLossThreads, 2, LossArguments) {
    const long long dimensions = static_cast<long long>(dimension_panels(arguments)) * kPanelRows;
    const long long chunk_rows = static_cast<long long>(arguments.chunk_panels) * kPanelRows, rows = static_cast<long long>(arguments.rows.panel_count) * kPanelRows;
    const long long stride = static_cast<long long>(device::blocks()) * kLossThreads, start = static_cast<long long>(device::block()) * kLossThreads + device::thread();
    for (long long item = start; item < chunk_rows * dimensions && arguments.wants_gradient != 0; item += stride) {
        double sum = 0.0;
        for (int segment = 0; segment < arguments.segments; ++segment) {
            sum += static_cast<double>(arguments.segment_sums[segment * chunk_rows * dimensions + item]);
        }
        arguments.sums[static_cast<long long>(arguments.first_column) * kPanelRows * dimensions + item] = static_cast<float>(sum);
    }
    for (long long row = start; row < rows; row += stride) {
        double weight = arguments.weight_sums[row], loss = arguments.losses[row];
        for (int panel = 0; panel < arguments.chunk_panels; ++panel) {
            weight += arguments.chunk_weights[panel * rows + row];
            loss += arguments.chunk_losses[panel * rows + row];
        }
        arguments.weight_sums[row] = weight;
        arguments.losses[row] = loss;
    }
}

}  // namespace tercet
