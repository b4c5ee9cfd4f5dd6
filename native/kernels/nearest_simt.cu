// The two passes of nearest.h in float32, for any card. One block a tile: a panel of gallery rows against a panel of the chunk's anchors.
#include "arguments.h"
#include "nearest.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

struct SimtTile {
    static TERCET_DEVICE int row(int index) { return tile_row(index); }
    static TERCET_DEVICE int column(int index) { return tile_column(index); }
    static TERCET_DEVICE int column_thread() { return device::thread() % 16; }
};

template <typename Metric>
TERCET_DEVICE void multiply_nearest(const NearestArguments& arguments, TileStorage& storage, float (&keys)[kPerThread][kPerThread]) {
    const int row_panel = arguments.first_panel + device::block_row(), column_panel = device::block();
    multiply_panels(arguments.anchors, row_panel, arguments.gallery, column_panel, storage, keys);
    make_keys<Metric>(arguments.anchors, row_panel, arguments.gallery, column_panel, keys);
}

template <typename Metric>
TERCET_DEVICE void find_minima(const NearestArguments& arguments) {
    TERCET_SHARED(TileStorage, storage);
    float keys[kPerThread][kPerThread];
    multiply_nearest<Metric>(arguments, storage, keys);
    keep_minima<SimtTile>(arguments, keys);
}

template <typename Metric>
TERCET_DEVICE void find_candidates(const NearestArguments& arguments) {
    TERCET_SHARED(TileStorage, storage);
    float keys[kPerThread][kPerThread];
    multiply_nearest<Metric>(arguments, storage, keys);
    keep_candidates<SimtTile>(arguments, keys);
}

TERCET_KERNEL(nearest_minima_squared_euclidean, kTileThreads, 2, NearestArguments) { find_minima<SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_minima_cosine, kTileThreads, 2, NearestArguments) { find_minima<Cosine>(arguments); }

TERCET_KERNEL(nearest_candidates_squared_euclidean, kTileThreads, 2, NearestArguments) { find_candidates<SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_candidates_cosine, kTileThreads, 2, NearestArguments) { find_candidates<Cosine>(arguments); }

}  // namespace tercet
