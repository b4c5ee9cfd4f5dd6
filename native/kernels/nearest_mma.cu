// The two passes of nearest.h with tensor cores as the multiplier (sm_80 and newer).
#include "arguments.h"
#include "nearest.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_mma.h"

namespace tercet {

struct MmaTile {
    using Storage = MmaStorage;

    static TERCET_DEVICE int row(int index) { return mma_row(index); }
    static TERCET_DEVICE int column(int index) { return mma_column(index); }
    static TERCET_DEVICE int column_thread() { return device::thread() / 32 % 4 * 4 + device::lane() % 4; }

    template <typename Metric>
    static TERCET_DEVICE void multiply(const NearestArguments& arguments, Storage& storage, float (&keys)[kMmaSide][kMmaSide]) {
        const int row_panel = arguments.first_panel + device::block_row(), column_panel = device::block();
        float sums[kMmaSide / 2][kMmaSide / 2][4];
        multiply_halves(arguments.anchor_halves, row_panel, arguments.gallery_halves, column_panel, (arguments.gallery.depth + kMmaDepth - 1) / kMmaDepth, storage, sums);
        make_mma_keys<Metric>(arguments.anchors, arguments.anchor_halves, row_panel * kPanelRows, arguments.gallery, arguments.gallery_halves, column_panel * kPanelRows, sums, keys);
    }
};

TERCET_KERNEL(nearest_minima_mma_squared_euclidean, kMmaThreads, 1, NearestArguments) { find_minima<MmaTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_minima_mma_cosine, kMmaThreads, 1, NearestArguments) { find_minima<MmaTile, Cosine>(arguments); }

TERCET_KERNEL(nearest_candidates_mma_squared_euclidean, kMmaThreads, 1, NearestArguments) { find_candidates<MmaTile, SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_candidates_mma_cosine, kMmaThreads, 1, NearestArguments) { find_candidates<MmaTile, Cosine>(arguments); }

}  // namespace tercet
