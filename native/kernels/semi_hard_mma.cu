// The pass of semi_hard_tile.h with tensor cores as the multiplier (sm_80 and newer).
#include "arguments.h"
#include "semi_hard_tile.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_mma.h"

namespace tercet {

TERCET_KERNEL(semi_hard_mma_squared_euclidean, kMmaThreads, 2, SemiHardArguments) { fold_buckets<MmaTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(semi_hard_mma_cosine, kMmaThreads, 2, SemiHardArguments) { fold_buckets<MmaTile, Cosine>(arguments); }

}  // namespace tercet
