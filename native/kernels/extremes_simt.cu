// Distances fused with mining: each anchor's farthest and nearest positive and nearest negative, without a matrix of distances.
//
// A tile keeps minima of scores only. Those of a whole row or column of the tile lower the anchor's running best by one atomic minimum, whose result says
// what may still be the anchor's answer: a score within two tolerances of the best seen. Rows that may be are appended to the anchor's candidates from
// the accumulators, which are still in registers: some ten times an anchor, however many tiles it meets. decide.cu does the rest.
//
// In the symmetric form a tile of rows I × columns J serves the anchors of both, and only the upper triangle of tiles is computed.
#include "arguments.h"
#include "mining_tile.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

constexpr int kTileWarps = kTileThreads / device::kWarp;

union ExtremesStorage {
    TileStorage tile;
    struct {
        float minima[kTileWarps][kPanelRows];
        float limits[kPanelRows];
    } fold;
};

// The tile's rows as anchors; sixteen lanes share eight, and half of them lower the best of one each.
template <typename Choice>
TERCET_DEVICE void fold_rows(const ExtremesArguments& arguments, Choice choice, int first_row, int first_column,
                             const float (&keys)[kPerThread][kPerThread]) {
    const KindBuffers& buffers = arguments.kinds[choice.kind()];
    const int share = device::lane() % 16;
    const Seen seen = look_at(arguments, buffers, Slack(arguments.tolerance), share < kPerThread ? first_row + tile_row(share) : arguments.anchors.count);
    float minimum = device::infinity();
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
        const int anchor = first_row + tile_row(i);
        const bool exists = anchor < arguments.anchors.count;
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
        float own = device::infinity();
#pragma unroll
        for (int j = 0; j < kPerThread; ++j) {
            if (exists && choice.accepts(interval, first_column + tile_column(j))) {
                own = device::smaller(own, choice.score(keys[i][j]));
            }
        }
        float all = own;
        for (int mask = 1; mask < 16; mask <<= 1) {
            all = device::smaller(all, device::shuffle_xor(all, mask));
        }
        minimum = share == i ? all : minimum;
    }
    const float own_limit = tighten(buffers, seen, minimum < device::infinity(), minimum);
#pragma unroll
    for (int i = 0; i < kPerThread; ++i) {
        const int anchor = first_row + tile_row(i);
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
        const float limit = device::shuffle(own_limit, (device::lane() & 16) + i);
        uint32 passing = 0u;
#pragma unroll
        for (int j = 0; j < kPerThread; ++j) {
            passing |= choice.accepts(interval, first_column + tile_column(j)) && choice.score(keys[i][j]) <= limit ? 1u << j : 0u;
        }
        for (; passing != 0u; passing &= passing - 1u) {
            const int chosen = device::lowest_bit(passing);
            float key = keys[i][0];
#pragma unroll
            for (int j = 1; j < kPerThread; ++j) {
                key = chosen == j ? keys[i][j] : key;
            }
            append(buffers, anchor, choice.score(key), first_column + tile_column(chosen), arguments.gallery.count);
        }
    }
}

// The tile's columns as anchors, where distances are symmetric.
template <typename Choice>
TERCET_DEVICE void fold_columns(const ExtremesArguments& arguments, Choice choice, int first_row, int first_column,
                                const float (&keys)[kPerThread][kPerThread], ExtremesStorage& storage) {
    const KindBuffers& buffers = arguments.kinds[choice.kind()];
    const int warp = device::thread() / device::kWarp;
    device::warp_barrier();  // the warp has read its minima of the kind before; limits are overwritten only after a barrier of the block
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        const int anchor = first_column + tile_column(j);
        const bool exists = anchor < arguments.anchors.count;
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
        float own = device::infinity();
#pragma unroll
        for (int i = 0; i < kPerThread; ++i) {
            if (exists && choice.accepts(interval, first_row + tile_row(i))) {
                own = device::smaller(own, choice.score(keys[i][j]));
            }
        }
        const float both = device::smaller(own, device::shuffle_xor(own, 16));
        if (device::lane() < 16) {
            storage.fold.minima[warp][tile_column(j)] = both;
        }
    }
    const Seen seen = look_at(arguments, buffers, Slack(arguments.tolerance), device::thread() < kPanelRows ? first_column + device::thread() : arguments.anchors.count);
    device::barrier();  // every warp's minima are there
    if (device::thread() < kPanelRows) {
        float all = device::infinity();
        for (int other = 0; other < kTileWarps; ++other) {
            all = device::smaller(all, storage.fold.minima[other][device::thread()]);
        }
        storage.fold.limits[device::thread()] = tighten(buffers, seen, all < device::infinity(), all);
    }
    device::barrier();  // limits are there
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        const int anchor = first_column + tile_column(j);
        const float limit = storage.fold.limits[tile_column(j)];
        // The warp's minimum rather than the thread's: it need not be held in registers.
        if (storage.fold.minima[warp][tile_column(j)] > limit) {
            continue;
        }
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
        uint32 passing = 0u;
#pragma unroll
        for (int i = 0; i < kPerThread; ++i) {
            passing |= choice.accepts(interval, first_row + tile_row(i)) && choice.score(keys[i][j]) <= limit ? 1u << i : 0u;
        }
        for (; passing != 0u; passing &= passing - 1u) {
            const int chosen = device::lowest_bit(passing);
            float key = keys[0][j];
#pragma unroll
            for (int i = 1; i < kPerThread; ++i) {
                key = chosen == i ? keys[i][j] : key;
            }
            append(buffers, anchor, choice.score(key), first_row + tile_row(chosen), arguments.gallery.count);
        }
    }
}

template <typename Choice>
TERCET_DEVICE void fold(const ExtremesArguments& arguments, Choice choice, int first_row, int first_column, bool both_sides,
                        const float (&keys)[kPerThread][kPerThread], ExtremesStorage& storage) {
    if ((arguments.wanted >> choice.kind() & 1) == 0) {
        return;
    }
    fold_rows(arguments, choice, first_row, first_column, keys);
    if (both_sides) {
        fold_columns(arguments, choice, first_row, first_column, keys, storage);
    }
}

template <typename Metric>
TERCET_DEVICE void mine_tile(const ExtremesArguments& arguments) {
    TERCET_SHARED(ExtremesStorage, storage);
    int row_panel, column_panel;
    tile_of(arguments, device::block(), row_panel, column_panel);
    const int first_row = row_panel * kPanelRows, first_column = column_panel * kPanelRows;
    const bool mixed = is_mixed(arguments, first_row, first_column);
    const bool both_sides = arguments.symmetric != 0 && row_panel != column_panel && first_column < arguments.anchors.count;

    float keys[kPerThread][kPerThread];
    multiply_panels(arguments.anchors, row_panel, arguments.gallery, column_panel, storage.tile, keys);
    make_keys<Metric>(arguments.anchors, row_panel, arguments.gallery, column_panel, keys);
    if (!mixed) {
        fold(arguments, PureNegatives{}, first_row, first_column, both_sides, keys, storage);
        return;
    }
#pragma unroll 1
    for (int kind = 0; kind < kKinds; ++kind) {
        fold(arguments, AnyKind{kind}, first_row, first_column, both_sides, keys, storage);
    }
}

TERCET_KERNEL(extremes_squared_euclidean, kTileThreads, 2, ExtremesArguments) { mine_tile<SquaredEuclidean>(arguments); }

TERCET_KERNEL(extremes_cosine, kTileThreads, 2, ExtremesArguments) { mine_tile<Cosine>(arguments); }

}  // namespace tercet
