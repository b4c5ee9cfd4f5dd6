// Distances fused with semi-hard mining: each anchor's nearest negative among those that are farther than a number of its positives, for every number.
//
// An anchor's sorted positives cut the line into buckets. A tile ranks each key among them and offers it to its bucket, whose running minimum and
// candidates are those of extremes_simt.cu: keys within two tolerances of the best are left to semi_hard_decide.cu. A key too near a threshold is replaced
// by its float64 value at once, by half a warp, so that ranks, and the counts that follow from them, are exact. Rows only: a column's ranks would take the
// other anchors' thresholds.
//
// Whatever multiplied the rows, keys pass through shared memory, a quarter of the tile at a time, and a warp takes one anchor's: what there is to know of an
// anchor is then the same for all lanes, and its thresholds are one cache line.
#pragma once

#include "arguments.h"
#include "exact.h"
#include "mining_tile.h"
#include "ranks.h"
#include "semi_hard.h"
#include "tercet/device.h"

namespace tercet {

// Rows of the tile in shared memory at a time, and floats from one to the next: eight to spare, so that the rows of a fragment begin in different banks.
constexpr int kStagedRows = 32;
constexpr int kStagedPitch = kPanelRows + 8;
// Keys of a lane: four neighbours.
constexpr int kLaneKeys = kPanelRows / device::kWarp;

template <typename Tile>
union SemiHardStorage {
    typename Tile::Storage tile;
    float keys[kStagedRows * kStagedPitch];
};

// The anchor whose keys a warp has. What else there is to know of it is read where it is needed: registers are scarcer.
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

// The warp's smallest score lowers a bucket's best; up to which score rows are of interest, to every lane.
TERCET_DEVICE float tighten_by_warp(const KindBuffers& buffers, int bucket, float score, float slack) {
    for (int mask = 1; mask < device::kWarp; mask <<= 1) {
        score = device::smaller(score, device::shuffle_xor(score, mask));
    }
    float limit = -device::infinity();
    if (device::lane() == 0 && score < device::infinity()) {
        limit = tighten(buffers, bucket, score, slack);
    }
    return device::shuffle(limit, 0);
}

// Leaves the keys out that are surely beyond all thresholds, and so add to no count, and are not the last bucket's answer: once a model has learnt, nearly all.
TERCET_DEVICE uint32 within_reach(const SemiHardArguments& arguments, const AnchorRanks& anchor, uint32 live, const float (&keys)[kLaneKeys]) {
    const Positives& positives = arguments.positives;
    const float* thresholds = (arguments.counts != 0 ? positives.margin_keys : positives.keys) + positives.offsets[anchor.anchor];
    const float doubtful = anchor.count == 0 ? 0.0f : thresholds[anchor.count - 1] + doubt_of(arguments.tolerance, arguments.anchors.terms[anchor.anchor]);
    const float limit = from_ordered_bits(device::peek(arguments.buckets.buffers.best + anchor.bucket + anchor.count)) + slack_of(arguments, anchor);
    // Put so that every key is within reach where nothing is known of the best.
    const float reach = doubtful > limit ? doubtful : limit;
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        live &= keys[j] > reach ? ~(1u << j) : ~0u;
    }
    return live;
}

// The most positives whose thresholds, and whose buckets' limits, the lanes of a warp hold.
constexpr int kLaneThresholds = device::kWarp - 1;

// The same where nothing is counted, and for the other buckets too: leaves out the keys whose rank is certain and whose bucket has a better one. Few keys are left
// but in the first tiles that an anchor meets. The whole warp must call it.
TERCET_DEVICE uint32 in_contention(const SemiHardArguments& arguments, const AnchorRanks& anchor, uint32 live, const float (&keys)[kLaneKeys]) {
    const int lane = device::lane();
    const float slack = slack_of(arguments, anchor), doubt = doubt_of(arguments.tolerance, arguments.anchors.terms[anchor.anchor]);
    const float threshold = lane < anchor.count ? arguments.positives.keys[arguments.positives.offsets[anchor.anchor] + lane] : device::infinity();
    const float limit = from_ordered_bits(device::peek(arguments.buckets.buffers.best + anchor.bucket + (lane < anchor.count ? lane : anchor.count))) + slack;
    int ranks[kLaneKeys] = {};
#pragma unroll 1
    for (int step = anchor.count > 0 ? 1 << device::highest_bit(static_cast<uint32>(anchor.count)) : 0; step > 0; step >>= 1) {
#pragma unroll
        for (int j = 0; j < kLaneKeys; ++j) {
            ranks[j] += device::shuffle(threshold, ranks[j] + step - 1) < keys[j] ? step : 0;
        }
    }
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        const float below = device::shuffle(threshold, ranks[j] - 1), above = device::shuffle(threshold, ranks[j]), best = device::shuffle(limit, ranks[j]);
        const bool certain = (ranks[j] == 0 || below < keys[j] - doubt) && above > keys[j] + doubt;
        // Put so that every key contends where nothing is known of the best.
        live &= certain && keys[j] > best ? ~(1u << j) : ~0u;
    }
    return live;
}

// Offers keys of known rank to their buckets. All lower the best before any looks again at what is left of its chance: tiles that meet an anchor at the same
// time would otherwise leave too many candidates.
TERCET_DEVICE void offer(const SemiHardArguments& arguments, const AnchorRanks& anchor, int first_position, uint32 certain, const float (&keys)[kLaneKeys],
                         const int (&ranks)[kLaneKeys]) {
    const KindBuffers& buffers = arguments.buckets.buffers;
    const float slack = slack_of(arguments, anchor);
    uint32 passing = 0u;
    float last = device::infinity();
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        if ((certain >> j & 1u) != 0u && may_win(buffers, anchor.bucket + ranks[j], keys[j], slack)) {
            passing |= 1u << j;
            last = ranks[j] == anchor.count ? device::smaller(last, keys[j]) : last;
        }
    }
    if (device::ballot(passing != 0u) == 0u) {
        return;
    }
    // Most negatives lie beyond all positives once a model has learnt: a warp lowers that bucket's best once.
    const float limit = tighten_by_warp(buffers, anchor.bucket + anchor.count, last, slack);
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        if ((passing >> j & 1u) != 0u && ranks[j] != anchor.count) {
            tighten(buffers, anchor.bucket + ranks[j], keys[j], slack);
        }
    }
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        if ((passing >> j & 1u) != 0u && (ranks[j] == anchor.count ? keys[j] <= limit : may_win(buffers, anchor.bucket + ranks[j], keys[j], slack))) {
            append(buffers, anchor.bucket + ranks[j], keys[j], first_position + j, arguments.gallery.count);
        }
    }
}

struct Tally {
    int hard;
    int violating;
};

// Ranks in float64 what the thresholds, or the thresholds plus the margin, leave in doubt, one key a half warp at a time; the whole warp must call it.
template <typename Metric>
TERCET_DEVICE void decide_doubtful(const SemiHardArguments& arguments, const AnchorRanks& of, int first_position, uint32 open_rank, uint32 open_margin,
                                   Tally& tally) {
    const int half = device::lane() & 16;
    uint32 open = open_rank | open_margin;
    for (uint32 all = device::ballot(open != 0u); all != 0u; all = device::ballot(open != 0u)) {
        const uint32 mine = all >> half & 0xFFFFu;
        const int owner = mine == 0u ? device::lane() : half + device::lowest_bit(mine);
        const int position = device::shuffle(open == 0u ? 0 : first_position + device::lowest_bit(open), owner);
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

// One addition for a warp.
TERCET_DEVICE void add_tally(const SemiHardArguments& arguments, int anchor, Tally tally) {
    for (int mask = 1; mask < device::kWarp; mask <<= 1) {
        tally.hard += device::shuffle_xor(tally.hard, mask);
        tally.violating += device::shuffle_xor(tally.violating, mask);
    }
    if (device::lane() == 0 && tally.violating > 0) {
        device::atomic_add(arguments.hard + anchor, static_cast<uint64>(tally.hard));
        device::atomic_add(arguments.violating + anchor, static_cast<uint64>(tally.violating));
    }
}

TERCET_DEVICE void offer_farthest(const SemiHardArguments& arguments, const AnchorRanks& anchor, int first_position, uint32 live, const float (&keys)[kLaneKeys]) {
    const KindBuffers& buffers = arguments.buckets.buffers;
    const int bucket = anchor.bucket + anchor.count + 1;
    float all = device::infinity();
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        all = (live >> j & 1u) != 0u ? device::smaller(all, -keys[j]) : all;
    }
    const float limit = tighten_by_warp(buffers, bucket, all, slack_of(arguments, anchor));
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        if ((live >> j & 1u) != 0u && -keys[j] <= limit) {
            append(buffers, bucket, -keys[j], first_position + j, arguments.gallery.count);
        }
    }
}

// Ranks keys, gives back which of them are in doubt, and what the others add to a tally.
TERCET_DEVICE uint32 rank_live(const SemiHardArguments& arguments, const float* tables, const AnchorRanks& anchor, uint32 live, const float (&keys)[kLaneKeys],
                               int (&ranks)[kLaneKeys], int& farther) {
    const float* thresholds = tables + arguments.positives.offsets[anchor.anchor];
    const float doubt = doubt_of(arguments.tolerance, arguments.anchors.terms[anchor.anchor]);
    uint32 open = 0u;
    rank_keys(thresholds, anchor.count, keys, ranks);
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
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

// One anchor's keys of the tile, by a warp.
template <typename Metric>
TERCET_DEVICE void fold_anchor(const SemiHardArguments& arguments, int anchor, int first_position, const float (&keys)[kLaneKeys]) {
    const AnchorRanks own = {anchor, positive_count(arguments.positives, anchor), bucket_of(arguments, anchor)};
    const int start = arguments.classes.starts[anchor], end = arguments.classes.ends[anchor];
    uint32 live = 0u;
#pragma unroll
    for (int j = 0; j < kLaneKeys; ++j) {
        const int position = first_position + j;
        live |= position < arguments.gallery.count && (position < start || position >= end) ? 1u << j : 0u;
    }
    if (arguments.farthest != 0) {
        offer_farthest(arguments, own, first_position, live, keys);
    }
    live = arguments.counts == 0 && own.count <= kLaneThresholds ? in_contention(arguments, own, live, keys) : within_reach(arguments, own, live, keys);
    if (device::ballot(live != 0u) == 0u) {
        return;
    }

    Tally tally = {0, 0};
    int ranks[kLaneKeys];
    const uint32 open_rank = rank_live(arguments, arguments.positives.keys, own, live, keys, ranks, tally.hard);
    offer(arguments, own, first_position, live & ~open_rank, keys, ranks);
    const uint32 open_margin = arguments.counts == 0 ? 0u : rank_live(arguments, arguments.positives.margin_keys, own, live, keys, ranks, tally.violating);
    decide_doubtful<Metric>(arguments, own, first_position, open_rank, open_margin, tally);
    if (arguments.counts != 0) {
        add_tally(arguments, anchor, tally);
    }
}

// Writes the keys of one quarter of the tile's rows; a thread has four of them, or none.
template <typename Tile>
TERCET_DEVICE void stage_keys(const float (&keys)[8][8], int quarter, float* staged) {
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        if (Tile::quarter(i) != quarter) {
            continue;
        }
#pragma unroll
        for (int j = 0; j < 8; j += 2) {
            float* target = staged + Tile::row(i) % kStagedRows * kStagedPitch + Tile::column(j);
            *reinterpret_cast<device::Float2*>(target) = {keys[i][j], keys[i][j + 1]};
        }
    }
}

template <typename Tile, typename Metric>
TERCET_DEVICE void fold_buckets(const SemiHardArguments& arguments) {
    TERCET_SHARED(SemiHardStorage<Tile>, storage);
    // Blocks that run at the same time meet different anchors.
    const int row_panel = arguments.first_panel + device::block(), column_panel = arguments.first_column + device::block_row();
    float keys[8][8];
    Tile::template multiply<Metric>(arguments, row_panel, column_panel, storage.tile, keys);
    // One body for all rows: several would not fit the instruction cache.
#pragma unroll 1
    for (int quarter = 0; quarter < kPanelRows / kStagedRows; ++quarter) {
        device::barrier();  // what was in shared memory before has been read
        stage_keys<Tile>(keys, quarter, storage.keys);
        device::barrier();  // the quarter's keys are there
#pragma unroll 1
        for (int row = device::thread() / device::kWarp; row < kStagedRows; row += 8) {
            const int anchor = row_panel * kPanelRows + quarter * kStagedRows + row;
            if (anchor >= arguments.anchors.count) {
                break;
            }
            const device::Float4 four = *reinterpret_cast<const device::Float4*>(storage.keys + row * kStagedPitch + device::lane() * kLaneKeys);
            const float own[kLaneKeys] = {four.x, four.y, four.z, four.w};
            fold_anchor<Metric>(arguments, anchor, column_panel * kPanelRows + device::lane() * kLaneKeys, own);
        }
    }
}

}  // namespace tercet
