// Distances fused with the loss over all triplets: how many of each other's positives the two rows of a pair violate.
//
// With an anchor's thresholds, its positives' distances plus the margin, ascending, the positives that a negative violates are a suffix of them, so its
// number is all there is to know of a pair. From how many negatives have each number follow the loss and how many violate each positive; the number of the
// row and that of the column, added, are the weight with which each enters the gradient of the other. Keys too near a threshold, and keys so small that
// their relative error would show in a loss, are replaced by float64.
#include "arguments.h"
#include "exact.h"
#include "limits.h"
#include "ranks.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_simt.h"

namespace tercet {

// Below this many tolerances a key is worth a float64 evaluation.
constexpr float kSmallKeyFactor = 1024.0f;
constexpr int kInStep = 4;

// One row's keys of the tile, and how many thresholds of the row and of each column lie above them.
struct PairCounts {
    float keys[kPerThread];
    int own[kPerThread];
    int others[kPerThread];
};

TERCET_DEVICE int known_row(const LossArguments& arguments, int row) { return row < arguments.rows.count ? row : arguments.rows.count - 1; }

// The columns' thresholds, four lists searched in step. Gives back which keys are in doubt.
TERCET_DEVICE uint32 rank_columns(const LossArguments& arguments, int first_column, uint32 live, PairCounts& pairs) {
    const Positives& positives = arguments.positives;
    uint32 open = 0u;
#pragma unroll
    for (int first = 0; first < kPerThread; first += kInStep) {
        const float* lists[kInStep];
        int counts[kInStep], ranks[kInStep], largest = 0;
#pragma unroll
        for (int j = 0; j < kInStep; ++j) {
            const int column = known_row(arguments, first_column + tile_column(first + j));
            lists[j] = positives.margin_keys + positives.offsets[column];
            counts[j] = positive_count(positives, column);
            ranks[j] = 0;
            largest = counts[j] > largest ? counts[j] : largest;
        }
#pragma unroll 1
        for (int step = largest > 0 ? 1 << device::highest_bit(static_cast<uint32>(largest)) : 0; step > 0; step >>= 1) {
#pragma unroll
            for (int j = 0; j < kInStep; ++j) {
                const int probe = ranks[j] + step;
                if (probe <= counts[j] && lists[j][probe - 1] < pairs.keys[first + j]) {
                    ranks[j] = probe;
                }
            }
        }
#pragma unroll
        for (int j = 0; j < kInStep; ++j) {
            const float doubt = doubt_of(arguments.tolerance, arguments.rows.terms[known_row(arguments, first_column + tile_column(first + j))]);
            const bool is_live = (live >> (first + j) & 1u) != 0u;
            open |= is_live && !is_certain(lists[j], counts[j], ranks[j], pairs.keys[first + j], doubt) ? 1u << (first + j) : 0u;
            pairs.others[first + j] = is_live ? counts[j] - ranks[j] : 0;
        }
    }
    return open;
}

// The row's thresholds.
TERCET_DEVICE uint32 rank_row(const LossArguments& arguments, int row, uint32 live, PairCounts& pairs) {
    const Positives& positives = arguments.positives;
    const float* thresholds = positives.margin_keys + positives.offsets[row];
    const int count = positive_count(positives, row);
    const float doubt = doubt_of(arguments.tolerance, arguments.rows.terms[row]);
    uint32 open = 0u;
    rank_keys(thresholds, count, pairs.keys, pairs.own);
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        const bool is_live = (live >> j & 1u) != 0u;
        open |= is_live && !is_certain(thresholds, count, pairs.own[j], pairs.keys[j], doubt) ? 1u << j : 0u;
        pairs.own[j] = is_live ? count - pairs.own[j] : 0;
    }
    return open;
}

TERCET_DEVICE int count_above(const Positives& positives, int anchor, double value) {
    const int count = positive_count(positives, anchor);
    return count - rank_value_within(positives.sorted + positives.offsets[anchor], count, value, positives.margin);
}

// Decides keys in float64, one a half warp at a time; the whole warp must call it.
template <typename Metric>
TERCET_DEVICE void decide_doubtful(const LossArguments& arguments, int row, int first_column, uint32 open, PairCounts& pairs) {
    const int half = device::lane() & 16;
    for (uint32 all = device::ballot(open != 0u); all != 0u; all = device::ballot(open != 0u)) {
        const uint32 mine = all >> half & 0xFFFFu;
        const int owner = mine == 0u ? device::lane() : half + device::lowest_bit(mine);
        const int column = device::shuffle(open == 0u ? 0 : first_column + tile_column(device::lowest_bit(open)), owner);
        const double key = exact_key<Metric>(arguments.rows, row, arguments.rows, column);
        if (mine == 0u || device::lane() != owner) {
            continue;
        }
        const int index = device::lowest_bit(open);
        open &= open - 1u;
        const double value = value_of(arguments.positives, key);
        const int own = count_above(arguments.positives, row, value), others = count_above(arguments.positives, column, value);
        const float rounded = key > 0.0 ? static_cast<float>(key) : 0.0f;
#pragma unroll
        for (int j = 0; j < kPerThread; ++j) {
            pairs.keys[j] = j == index ? rounded : pairs.keys[j];
            pairs.own[j] = j == index ? own : pairs.own[j];
            pairs.others[j] = j == index ? others : pairs.others[j];
        }
    }
}

// What half a warp adds to the row's tallies: most negatives violate all positives or none.
TERCET_DEVICE void tally(const LossArguments& arguments, int row, const PairCounts& pairs) {
    const int count = positive_count(arguments.positives, row);
    int* tallies = arguments.tallies + arguments.positives.offsets[row] + row;
    int all = 0;
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        if (pairs.own[j] == count) {
            all += count > 0 ? 1 : 0;
        } else if (pairs.own[j] > 0) {
            device::atomic_add(tallies + pairs.own[j], 1);
        }
    }
    for (int mask = 1; mask < kPairLanes; mask <<= 1) {
        all += device::shuffle_xor(all, mask);
    }
    if (device::thread() % kPairLanes == 0 && all > 0) {
        device::atomic_add(tallies + count, all);
    }
}

TERCET_DEVICE float distance_of(const Positives& positives, float key) { return positives.root != 0 ? square_root(key) : key; }

// Keys that matter and are small.
TERCET_DEVICE uint32 small_ones(const LossArguments& arguments, int row, const PairCounts& pairs) {
    const float small_key = kSmallKeyFactor * 0.5f * slack_of(arguments.tolerance, arguments.rows.terms[row]);
    uint32 small = 0u;
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        small |= pairs.own[j] + pairs.others[j] > 0 && pairs.keys[j] <= small_key ? 1u << j : 0u;
    }
    return small;
}

// Σ count × distance over the row's chosen keys. Taken before columns put float64 in the place of more of them, so that the loss is the same with a gradient
// and without.
TERCET_DEVICE double negative_part(const Positives& positives, uint32 chosen, const PairCounts& pairs) {
    double sum = 0.0;
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        if ((chosen >> j & 1u) != 0u && pairs.own[j] > 0) {
            sum += static_cast<double>(pairs.own[j]) * static_cast<double>(distance_of(positives, pairs.keys[j]));
        }
    }
    return sum;
}

template <typename Metric>
TERCET_DEVICE void weigh_row(const LossArguments& arguments, int row, const float (&keys)[kPerThread]) {
    const bool exists = row < arguments.rows.count;
    const int known = known_row(arguments, row), first_column = (arguments.first_column + device::block_row()) * kPanelRows;
    PairCounts pairs;
    uint32 live = 0u;
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        const int column = first_column + tile_column(j);
        pairs.keys[j] = keys[j];
        pairs.others[j] = 0;
        live |= exists && column < arguments.rows.count && (column < arguments.classes.starts[known] || column >= arguments.classes.ends[known]) ? 1u << j : 0u;
    }
    uint32 open_row = rank_row(arguments, known, live, pairs);
    open_row |= small_ones(arguments, known, pairs);
    double loss = negative_part(arguments.positives, ~open_row, pairs), sum = 0.0;
    uint32 open = open_row;
    if (arguments.wants_gradient != 0) {
        open |= rank_columns(arguments, first_column, live, pairs);
        open |= small_ones(arguments, known, pairs);
    }
    decide_doubtful<Metric>(arguments, known, first_column, open, pairs);
    tally(arguments, known, pairs);
    loss += negative_part(arguments.positives, open_row, pairs);

    float weights[kPerThread];
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
        const float weight = static_cast<float>(pairs.own[j] + pairs.others[j]), distance = distance_of(arguments.positives, pairs.keys[j]);
        // The root has no derivative at 0; 0 is one of its subgradients.
        weights[j] = arguments.positives.root == 0 ? weight : weight > 0.0f && distance > 0.0f ? weight / distance : 0.0f;
        sum += static_cast<double>(weights[j]);
    }
    for (int mask = 1; mask < kPairLanes; mask <<= 1) {
        loss += device::shuffle_xor(loss, mask);
        sum += device::shuffle_xor(sum, mask);
    }
    if (device::thread() % kPairLanes == 0) {
        const long long target = static_cast<long long>(device::block_row()) * arguments.rows.panel_count * kPanelRows + row;
        arguments.chunk_losses[target] = loss;
        arguments.chunk_weights[target] = sum;
    }
    if (arguments.wants_gradient != 0) {
        device::Float4* target = reinterpret_cast<device::Float4*>(
            arguments.weights + (static_cast<long long>(device::block_row()) * arguments.segments * arguments.segment_rows + row) * kPanelRows);
        target[tile_column(0) / 4] = {weights[0], weights[1], weights[2], weights[3]};
        target[tile_column(4) / 4] = {weights[4], weights[5], weights[6], weights[7]};
    }
}

// Rows that only fill a segment have no weight.
TERCET_DEVICE void clear_weights(const LossArguments& arguments, int row_panel, int chunk_panel) {
    float* target = arguments.weights + (static_cast<long long>(chunk_panel) * arguments.segments * arguments.segment_rows + row_panel * kPanelRows) * kPanelRows;
    for (int item = device::thread(); item < kPanelRows * kPanelRows; item += kTileThreads) {
        target[item] = 0.0f;
    }
}

template <typename Metric>
TERCET_DEVICE void weigh(const LossArguments& arguments) {
    TERCET_SHARED(TileStorage, storage);
    const int row_panel = device::block(), column_panel = arguments.first_column + device::block_row();
    if (row_panel >= arguments.rows.panel_count) {
        clear_weights(arguments, row_panel, device::block_row());
        return;
    }
    float keys[kPerThread][kPerThread];
    multiply_panels(arguments.rows, row_panel, arguments.rows, column_panel, storage, keys);
    make_keys<Metric>(arguments.rows, row_panel, arguments.rows, column_panel, keys);
    // One body for eight rows, which pass through the first row's registers.
#pragma unroll 1
    for (int i = 0; i < kPerThread; ++i) {
        weigh_row<Metric>(arguments, row_panel * kPanelRows + tile_row(i), keys[0]);
#pragma unroll
        for (int next = 1; next < kPerThread; ++next) {
#pragma unroll
            for (int j = 0; j < kPerThread; ++j) {
                keys[next - 1][j] = keys[next][j];
            }
        }
    }
}

TERCET_KERNEL(loss_weights_squared_euclidean, kTileThreads, 2, LossArguments) { weigh<SquaredEuclidean>(arguments); }

TERCET_KERNEL(loss_weights_cosine, kTileThreads, 2, LossArguments) { weigh<Cosine>(arguments); }

}  // namespace tercet
