// The two passes of nearest.h in float32, for any card. One block a tile: a panel of gallery rows against a panel of the chunk's anchors.
#include "arguments.h"
#include "nearest.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

TERCET_KERNEL(nearest_minima_squared_euclidean, kTileThreads, 2, NearestArguments) { find_minima<SimtTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_minima_cosine, kTileThreads, 2, NearestArguments) { find_minima<SimtTile, Cosine>(arguments); }

TERCET_KERNEL(nearest_candidates_squared_euclidean, kTileThreads, 2, NearestArguments) { find_candidates<SimtTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_candidates_cosine, kTileThreads, 2, NearestArguments) { find_candidates<SimtTile, Cosine>(arguments); }

}  // namespace tercet
