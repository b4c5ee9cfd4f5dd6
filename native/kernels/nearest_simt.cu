// The two passes of nearest.h in float32, for any card. One block a tile: a panel of gallery rows against a panel of the chunk's anchors.
#include "arguments.h"
#include "nearest.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

struct SimtTile {
    using Storage = TileStorage;

    static TERCET_DEVICE int row(int index) { return tile_row(index); }
    static TERCET_DEVICE int column(int index) { return tile_column(index); }
    static TERCET_DEVICE int column_thread() { return device::thread() % 16; }

    template <typename Metric>
    static TERCET_DEVICE void multiply(const NearestArguments& arguments, Storage& storage, float (&keys)[kPerThread][kPerThread]) {
        const int row_panel = arguments.first_panel + device::block_row(), column_panel = device::block();
        multiply_panels(arguments.anchors, row_panel, arguments.gallery, column_panel, storage, keys);
        make_keys<Metric>(arguments.anchors, row_panel, arguments.gallery, column_panel, keys);
    }
};

TERCET_KERNEL(nearest_minima_squared_euclidean, kTileThreads, 2, NearestArguments) { find_minima<SimtTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_minima_cosine, kTileThreads, 2, NearestArguments) { find_minima<SimtTile, Cosine>(arguments); }

TERCET_KERNEL(nearest_candidates_squared_euclidean, kTileThreads, 2, NearestArguments) { find_candidates<SimtTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_candidates_cosine, kTileThreads, 2, NearestArguments) { find_candidates<SimtTile, Cosine>(arguments); }

}  // namespace tercet
