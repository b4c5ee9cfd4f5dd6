// The pass of semi_hard_tile.h in float32, for any card.
#include "arguments.h"
#include "semi_hard_tile.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

TERCET_KERNEL(semi_hard_squared_euclidean, kTileThreads, 2, SemiHardArguments) { fold_buckets<SimtTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(semi_hard_cosine, kTileThreads, 2, SemiHardArguments) { fold_buckets<SimtTile, Cosine>(arguments); }

}  // namespace tercet
