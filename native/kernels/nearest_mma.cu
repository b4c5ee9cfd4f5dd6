// The two passes of nearest.h with tensor cores as the multiplier (sm_80 and newer).
#include "arguments.h"
#include "nearest.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_mma.h"

namespace tercet {

TERCET_KERNEL(nearest_minima_mma_squared_euclidean, kMmaThreads, 1, NearestArguments) { find_minima<MmaTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_minima_mma_cosine, kMmaThreads, 1, NearestArguments) { find_minima<MmaTile, Cosine>(arguments); }

TERCET_KERNEL(nearest_candidates_mma_squared_euclidean, kMmaThreads, 1, NearestArguments) { find_candidates<MmaTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_candidates_mma_cosine, kMmaThreads, 1, NearestArguments) { find_candidates<MmaTile, Cosine>(arguments); }

}  // namespace tercet
