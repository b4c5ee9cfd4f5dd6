// The fused pass of extremes_simt.cu with tensor cores as the multiplier (sm_80 and newer). Its keys' error is larger, and so is the tolerance that it is
// given; decide.cu and its second scan are the same.
#include "arguments.h"
#include "mining_tile.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_mma.h"

namespace tercet {

// One side's anchors. A warp holds 32 columns of a row, or 64 rows of a column, and lowers the anchor's best by their minimum: no shared memory, and no
// barrier. Of the lanes that share their anchors each lowers the best of some.
template <bool kColumns, typename Choice>
TERCET_DEVICE void fold_side(const ExtremesArguments& arguments, Choice choice, const Slack& slack, int first_anchor, int first_other, const float (&keys)[kMmaSide][kMmaSide]) {
    const KindBuffers& buffers = arguments.kinds[choice.kind()];
    constexpr int kSharers = kColumns ? 8 : 4, kOwn = kMmaSide / kSharers;
    const int share = kColumns ? device::lane() / 4 : device::lane() % 4;
    Seen seen[kOwn];
    float minima[kOwn], limits[kOwn];
#pragma unroll
    for (int own = 0; own < kOwn; ++own) {
        const int i = own * kSharers + share;
        seen[own] = look_at(arguments, buffers, slack, first_anchor + (kColumns ? mma_column(i) : mma_row(i)));
        minima[own] = device::infinity();
    }
#pragma unroll
    for (int i = 0; i < kMmaSide; ++i) {
        const int anchor = first_anchor + (kColumns ? mma_column(i) : mma_row(i));
        const bool exists = anchor < arguments.anchors.count;
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
        float all = device::infinity();
#pragma unroll
        for (int j = 0; j < kMmaSide; ++j) {
            const int position = first_other + (kColumns ? mma_row(j) : mma_column(j));
            if (exists && choice.accepts(interval, position)) {
                all = device::smaller(all, choice.score(kColumns ? keys[j][i] : keys[i][j]));
            }
        }
        for (int mask = kColumns ? 4 : 1; mask < (kColumns ? 32 : 4); mask <<= 1) {
            all = device::smaller(all, device::shuffle_xor(all, mask));
        }
        minima[i / kSharers] = share == i % kSharers ? all : minima[i / kSharers];
    }
#pragma unroll
    for (int own = 0; own < kOwn; ++own) {
        limits[own] = tighten(buffers, seen[own], minima[own] < device::infinity(), minima[own]);
    }
#pragma unroll
    for (int i = 0; i < kMmaSide; ++i) {
        const int anchor = first_anchor + (kColumns ? mma_column(i) : mma_row(i));
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
        const float limit = device::shuffle(limits[i / kSharers], kColumns ? i % kSharers * 4 + device::lane() % 4 : (device::lane() & ~3) + i % kSharers);
        uint32 passing = 0u;
#pragma unroll
        for (int j = 0; j < kMmaSide; ++j) {
            const int position = first_other + (kColumns ? mma_row(j) : mma_column(j));
            passing |= choice.accepts(interval, position) && choice.score(kColumns ? keys[j][i] : keys[i][j]) <= limit ? 1u << j : 0u;
        }
        for (; passing != 0u; passing &= passing - 1u) {
            const int chosen = device::lowest_bit(passing);
            float key = kColumns ? keys[0][i] : keys[i][0];
#pragma unroll
            for (int j = 1; j < kMmaSide; ++j) {
                key = chosen == j ? (kColumns ? keys[j][i] : keys[i][j]) : key;
            }
            append(buffers, anchor, choice.score(key), first_other + (kColumns ? mma_row(chosen) : mma_column(chosen)), arguments.gallery.count);
        }
    }
}

template <typename Choice>
TERCET_DEVICE void fold_both(const ExtremesArguments& arguments, Choice choice, int first_row, int first_column, bool both_sides, const float (&keys)[kMmaSide][kMmaSide]) {
    if ((arguments.wanted >> choice.kind() & 1) == 0) {
        return;
    }
    const Slack slack(arguments.tolerance);
    fold_side<false>(arguments, choice, slack, first_row, first_column, keys);
    if (both_sides) {
        fold_side<true>(arguments, choice, slack, first_column, first_row, keys);
    }
}

template <typename Metric>
TERCET_DEVICE void mine_tile_mma(const ExtremesArguments& arguments) {
    TERCET_SHARED(MmaStorage, storage);
    int row_panel, column_panel;
    tile_of(arguments, device::block(), row_panel, column_panel);
    const int first_row = row_panel * kPanelRows, first_column = column_panel * kPanelRows;
    const bool mixed = is_mixed(arguments, first_row, first_column);
    const bool both_sides = arguments.symmetric != 0 && row_panel != column_panel && first_column < arguments.anchors.count;

    float sums[kMmaSide / 2][kMmaSide / 2][4];
    multiply_halves(arguments.anchor_halves, row_panel, arguments.gallery_halves, column_panel, (arguments.gallery.depth + kMmaDepth - 1) / kMmaDepth, storage, sums);

    float keys[kMmaSide][kMmaSide];
    make_mma_keys<Metric>(arguments.anchors, arguments.anchor_halves, first_row, arguments.gallery, arguments.gallery_halves, first_column, sums, keys);
    if (!mixed) {
        fold_both(arguments, PureNegatives{}, first_row, first_column, both_sides, keys);
        return;
    }
#pragma unroll 1
    for (int kind = 0; kind < kKinds; ++kind) {
        fold_both(arguments, AnyKind{kind}, first_row, first_column, both_sides, keys);
    }
}

TERCET_KERNEL(extremes_mma_squared_euclidean, kMmaThreads, 1, ExtremesArguments) { mine_tile_mma<SquaredEuclidean>(arguments); }

TERCET_KERNEL(extremes_mma_cosine, kMmaThreads, 1, ExtremesArguments) { mine_tile_mma<Cosine>(arguments); }

}  // namespace tercet
