// Distances fused with semi-hard mining: each anchor's nearest negative among those that are farther than a number of its positives, for every number.
//
// An anchor's sorted positives cut the line into buckets. A tile ranks each key among them and offers it to its bucket, whose running minimum and
// candidates are those of extremes_simt.cu: keys within two tolerances of the best are left to semi_hard_decide.cu. A key too near a threshold is replaced
// by its float64 value at once, by half a warp, so that ranks, and the counts that follow from them, are exact. Rows only: a column's ranks would take the
// other anchors' thresholds.
#include "arguments.h"
#include "exact.h"
#include "mining_tile.h"
#include "ranks.h"
#include "semi_hard.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

// What one thread's eight keys belong to. What else there is to know of an anchor is read where it is needed: registers are scarcer.
struct AnchorRanks {
    int anchor;
    int count;
    int bucket;
};

TERCET_DEVICE float slack_of(const SemiHardArguments& arguments, const AnchorRanks& of) {
    return slack_of(arguments.tolerance, arguments.anchors.terms[of.anchor]);
}

// Whether a row at that score may be its bucket's answer.
TERCET_DEVICE bool may_win(const KindBuffers& buffers, int bucket, float score, float slack) {
    return !(score > from_ordered_bits(device::peek(buffers.best + bucket)) + slack);
}

// Offers keys of known rank to their buckets. All lower the best before any looks again at what is left of its chance: tiles that meet an anchor at the same
// time would otherwise leave too many candidates.
TERCET_DEVICE void offer(const SemiHardArguments& arguments, const AnchorRanks& anchor, int first_column, uint32 certain, const float (&keys)[kPerThread],
                         const int (&ranks)[kPerThread]) {
    const KindBuffers& buffers = arguments.buckets.buffers;
    const float slack = slack_of(arguments, anchor);
    uint32 passing = 0u;
    float last = device::infinity();
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        if ((certain >> j & 1u) != 0u && may_win(buffers, anchor.bucket + ranks[j], keys[j], slack)) {
            passing |= 1u << j;
            last = ranks[j] == anchor.count ? device::smaller(last, keys[j]) : last;
        }
    }
    // Most negatives lie beyond all positives once a model has learnt: half a warp lowers that bucket's best once.
    for (int mask = 1; mask < kPairLanes; mask <<= 1) {
        last = device::smaller(last, device::shuffle_xor(last, mask));
    }
    float limit = -device::infinity();
    if (device::thread() % kPairLanes == 0 && last < device::infinity()) {
        limit = tighten(buffers, anchor.bucket + anchor.count, last, slack);
    }
    limit = device::shuffle(limit, device::lane() & 16);
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        if ((passing >> j & 1u) != 0u && ranks[j] != anchor.count) {
            tighten(buffers, anchor.bucket + ranks[j], keys[j], slack);
        }
    }
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        if ((passing >> j & 1u) != 0u && (ranks[j] == anchor.count ? keys[j] <= limit : may_win(buffers, anchor.bucket + ranks[j], keys[j], slack))) {
            append(buffers, anchor.bucket + ranks[j], keys[j], first_column + tile_column(j), arguments.gallery.count);
        }
    }
}

struct Tally {
    int hard;
    int violating;
};

// Ranks in float64 what the thresholds, or the thresholds plus the margin, leave in doubt, one key a half warp at a time; the whole warp must call it.
template <typename Metric>
TERCET_DEVICE void decide_doubtful(const SemiHardArguments& arguments, const AnchorRanks& of, int first_column, uint32 open_rank, uint32 open_margin,
                                   Tally& tally) {
    const int half = device::lane() & 16;
    uint32 open = open_rank | open_margin;
    for (uint32 all = device::ballot(open != 0u); all != 0u; all = device::ballot(open != 0u)) {
        const uint32 mine = all >> half & 0xFFFFu;
        const int owner = mine == 0u ? device::lane() : half + device::lowest_bit(mine);
        const int position = device::shuffle(open == 0u ? 0 : first_column + tile_column(device::lowest_bit(open)), owner);
        const double key = exact_key<Metric>(arguments.anchors, of.anchor, arguments.gallery, position);
        if (mine == 0u || device::lane() != owner) {
            continue;
        }
        const uint32 bit = open & (~open + 1u);
        open ^= bit;
        const double value = value_of(arguments.positives, key);
        const double* sorted = arguments.positives.sorted + arguments.positives.offsets[of.anchor];
        if ((open_margin & bit) != 0u) {
            tally.violating += of.count - rank_value(sorted, of.count, value, arguments.positives.margin);
        }
        if ((open_rank & bit) != 0u) {
            const KindBuffers& buffers = arguments.buckets.buffers;
            const int rank = rank_value(sorted, of.count, value, 0.0);
            const float score = static_cast<float>(key), slack = slack_of(arguments, of);
            tally.hard += of.count - rank;
            if (may_win(buffers, of.bucket + rank, score, slack)) {
                tighten(buffers, of.bucket + rank, score, slack);
                append(buffers, of.bucket + rank, score, position, arguments.gallery.count);
            }
        }
    }
}

// One addition for half a warp.
TERCET_DEVICE void add_tally(const SemiHardArguments& arguments, int anchor, Tally tally) {
    for (int mask = 1; mask < kPairLanes; mask <<= 1) {
        tally.hard += device::shuffle_xor(tally.hard, mask);
        tally.violating += device::shuffle_xor(tally.violating, mask);
    }
    if (device::thread() % kPairLanes == 0 && tally.violating > 0) {
        device::atomic_add(arguments.hard + anchor, static_cast<uint64>(tally.hard));
        device::atomic_add(arguments.violating + anchor, static_cast<uint64>(tally.violating));
    }
}

TERCET_DEVICE void offer_farthest(const SemiHardArguments& arguments, const AnchorRanks& anchor, int first_column, uint32 live, const float (&keys)[kPerThread]) {
    const KindBuffers& buffers = arguments.buckets.buffers;
    const int bucket = anchor.bucket + anchor.count + 1;
    float all = device::infinity();
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        all = (live >> j & 1u) != 0u ? device::smaller(all, -keys[j]) : all;
    }
    for (int mask = 1; mask < kPairLanes; mask <<= 1) {
        all = device::smaller(all, device::shuffle_xor(all, mask));
    }
    float limit = -device::infinity();
    if (device::thread() % kPairLanes == 0 && all < device::infinity()) {
        limit = tighten(buffers, bucket, all, slack_of(arguments, anchor));
    }
    limit = device::shuffle(limit, device::lane() & 16);
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        if ((live >> j & 1u) != 0u && -keys[j] <= limit) {
            append(buffers, bucket, -keys[j], first_column + tile_column(j), arguments.gallery.count);
        }
    }
}

// Ranks keys, gives back which of them are in doubt, and what the others add to a tally.
TERCET_DEVICE uint32 rank_live(const SemiHardArguments& arguments, const float* tables, const AnchorRanks& anchor, uint32 live, const float (&keys)[kPerThread],
                               int (&ranks)[kPerThread], int& farther) {
    const float* thresholds = tables + arguments.positives.offsets[anchor.anchor];
    const float doubt = doubt_of(arguments.tolerance, arguments.anchors.terms[anchor.anchor]);
    uint32 open = 0u;
    rank_keys(thresholds, anchor.count, keys, ranks);
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        if ((live >> j & 1u) == 0u) {
            continue;
        }
        if (is_certain(thresholds, anchor.count, ranks[j], keys[j], doubt)) {
            farther += anchor.count - ranks[j];
        } else {
            open |= 1u << j;
        }
    }
    return open;
}

// One anchor's keys of the tile, by half a warp.
template <typename Metric>
TERCET_DEVICE void fold_anchor(const SemiHardArguments& arguments, int anchor, int first_column, const float (&keys)[kPerThread]) {
    const bool exists = anchor < arguments.anchors.count;
    const int known = exists ? anchor : arguments.anchors.count - 1;
    const AnchorRanks own = {known, positive_count(arguments.positives, known), bucket_of(arguments, known)};
    uint32 live = 0u;
    const int start = arguments.classes.starts[known], end = arguments.classes.ends[known];
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        const int position = first_column + tile_column(j);
        live |= exists && position < arguments.gallery.count && (position < start || position >= end) ? 1u << j : 0u;
    }

    Tally tally = {0, 0};
    int ranks[kPerThread];
    const uint32 open_rank = rank_live(arguments, arguments.positives.keys, own, live, keys, ranks, tally.hard);
    offer(arguments, own, first_column, live & ~open_rank, keys, ranks);
    const uint32 open_margin = arguments.counts == 0 ? 0u : rank_live(arguments, arguments.positives.margin_keys, own, live, keys, ranks, tally.violating);
    decide_doubtful<Metric>(arguments, own, first_column, open_rank, open_margin, tally);
    if (arguments.counts != 0) {
        add_tally(arguments, known, tally);
    }
    if (arguments.farthest != 0) {
        offer_farthest(arguments, own, first_column, live, keys);
    }
}

template <typename Metric>
TERCET_DEVICE void fold_buckets(const SemiHardArguments& arguments) {
    TERCET_SHARED(TileStorage, storage);
    // Blocks that run at the same time meet different anchors.
    const int row_panel = arguments.first_panel + device::block(), column_panel = arguments.first_column + device::block_row();
    float keys[kPerThread][kPerThread];
    multiply_panels(arguments.anchors, row_panel, arguments.gallery, column_panel, storage, keys);
    make_keys<Metric>(arguments.anchors, row_panel, arguments.gallery, column_panel, keys);
    // One body for eight rows, which pass through the first row's registers: eight bodies would not fit the instruction cache.
#pragma unroll 1
    for (int i = 0; i < kPerThread; ++i) {
        fold_anchor<Metric>(arguments, row_panel * kPanelRows + tile_row(i), column_panel * kPanelRows, keys[0]);
#pragma unroll
        for (int next = 1; next < kPerThread; ++next) {
#pragma unroll
            for (int j = 0; j < kPerThread; ++j) {
                keys[next - 1][j] = keys[next][j];
            }
        }
    }
}

TERCET_KERNEL(semi_hard_squared_euclidean, kTileThreads, 2, SemiHardArguments) { fold_buckets<SquaredEuclidean>(arguments); }

TERCET_KERNEL(semi_hard_cosine, kTileThreads, 2, SemiHardArguments) { fold_buckets<Cosine>(arguments); }

}  // namespace tercet
