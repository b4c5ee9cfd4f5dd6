// Keys of a chunk of anchors against the whole gallery, for rules that must see every key. A chunk is some panels of anchors, never all of them.
#include "arguments.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

template <typename Metric>
TERCET_DEVICE void write_keys(const KeyRowsArguments& arguments) {
    TERCET_SHARED(TileStorage, storage);
    const int column_panel = device::block(), row_panel = arguments.first_panel + device::block_row();
    float keys[kPerThread][kPerThread];
    multiply_panels(arguments.anchors, row_panel, arguments.gallery, column_panel, storage, keys);
    make_keys<Metric>(arguments.anchors, row_panel, arguments.gallery, column_panel, keys);
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
        if (row_panel * kPanelRows + tile_row(i) < arguments.anchors.count) {
            const long long row = device::block_row() * kPanelRows + tile_row(i);
            device::Float4* target = reinterpret_cast<device::Float4*>(arguments.keys + row * arguments.pitch + column_panel * kPanelRows);
            target[tile_column(0) / 4] = {keys[i][0], keys[i][1], keys[i][2], keys[i][3]};
            target[tile_column(4) / 4] = {keys[i][4], keys[i][5], keys[i][6], keys[i][7]};
        }
    }
}

TERCET_KERNEL(key_rows_squared_euclidean, kTileThreads, 2, KeyRowsArguments) { write_keys<SquaredEuclidean>(arguments); }

TERCET_KERNEL(key_rows_cosine, kTileThreads, 2, KeyRowsArguments) { write_keys<Cosine>(arguments); }

}  // namespace tercet
