// What becomes of a warp group's accumulators. Values only: minima of a thread's rows and columns, which lower the running bests of both sides; positions are made from the
// accumulators, still in registers, where a minimum passes. Every warp mines its own 32 rows.
#pragma once

#include "arguments.h"
#include "mining_tile.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_wgmma.h"

#if defined(TERCET_HAS_WARP_GROUPS)

namespace tercet {

// A thread's keys: keys[row / 2][...] holds rows 0, 1 and 2, 3.
using ThreadKeys = float[2][device::kProductSums];

TERCET_DEVICE float key_at(const ThreadKeys& keys, int row, int column) { return keys[row / 2][column / 2 * 4 + (row & 1) * 2 + (column & 1)]; }

// Keys are not clamped below zero: minima are, which comes to the same. The scale undoes that of the images.
template <typename Metric>
TERCET_DEVICE void make_wgmma_keys(const ExtremesArguments& arguments, float scale, int first_row, int first_column, ThreadKeys& keys) {
    const float factor = (Metric::kUnitRows ? -1.0f : -2.0f) * scale;
    float row_terms[kThreadRows];
#pragma unroll
    for (int row = 0; row < kThreadRows; ++row) {
        row_terms[row] = arguments.anchors.terms[first_row + wgmma_row(row)];
    }
#pragma unroll
    for (int column = 0; column < kThreadColumns; column += 2) {
        // Two columns beside each other, the first one even.
        const auto column_terms = *reinterpret_cast<const device::Float2*>(arguments.gallery.terms + first_column + wgmma_column(column));
#pragma unroll
        for (int row = 0; row < kThreadRows; ++row) {
            float* pair = keys[row / 2] + column / 2 * 4 + (row & 1) * 2;
            // One scale after the other: their product may leave the range of float32.
            pair[0] = device::multiply_add_single(pair[0] * scale, factor, row_terms[row] + column_terms.x);
            pair[1] = device::multiply_add_single(pair[1] * scale, factor, row_terms[row] + column_terms.y);
        }
    }
}

template <typename Choice>
TERCET_DEVICE float clamped(const Choice& choice, float score) { return choice.score(detail::clamp_below_zero(choice.score(score))); }

// One step of a reduction that also scatters: a lane and its partner, kMask away, each keep the minima of half of what they had.
template <int kLeft, int kMask, int kLength>
TERCET_DEVICE void halve(float (&minima)[kLength]) {
    const bool is_high = (device::lane() & kMask) != 0;
#pragma unroll
    for (int i = 0; i < kLeft; ++i) {
        const float keeps = is_high ? minima[i + kLeft] : minima[i], gives = is_high ? minima[i] : minima[i + kLeft];
        minima[i] = device::least(keeps, device::shuffle_xor(gives, kMask));
    }
}

// The warp's rows as anchors; four lanes share each, and each lowers the best of one.
template <typename Choice>
TERCET_DEVICE void fold_wgmma_rows(const ExtremesArguments& arguments, Choice choice, const Slack& slack, int first_row, int first_column, const ThreadKeys& keys) {
    const KindBuffers& buffers = arguments.kinds[choice.kind()];
    const Seen seen = look_at(arguments, buffers, slack, first_row + wgmma_row(device::lane() % 4));
    float own[kThreadRows], minima[kThreadRows];
#pragma unroll
    for (int row = 0; row < kThreadRows; ++row) {
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, first_row + wgmma_row(row)) : Interval{0, 0, kNothing};
        own[row] = device::infinity();
#pragma unroll
        for (int column = 0; column < kThreadColumns; ++column) {
            if (choice.accepts(interval, first_column + wgmma_column(column))) {
                own[row] = device::least(own[row], choice.score(key_at(keys, row, column)));
            }
        }
        minima[row] = own[row];
    }
    halve<2, 2>(minima);
    halve<1, 1>(minima);
    const float own_limit = tighten(buffers, seen, minima[0] < device::infinity(), clamped(choice, minima[0]));
#pragma unroll
    for (int row = 0; row < kThreadRows; ++row) {
        const float limit = device::shuffle(own_limit, (device::lane() & ~3) + row);
        if (!(own[row] <= limit)) {
            continue;
        }
        const int anchor = first_row + wgmma_row(row);
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
        uint32 passing = 0u;
#pragma unroll
        for (int column = 0; column < kThreadColumns; ++column) {
            passing |= choice.accepts(interval, first_column + wgmma_column(column)) && choice.score(key_at(keys, row, column)) <= limit ? 1u << column : 0u;
        }
        for (; passing != 0u; passing &= passing - 1u) {
            const int chosen = device::lowest_bit(passing);
            float key = key_at(keys, row, 0);
#pragma unroll
            for (int column = 1; column < kThreadColumns; ++column) {
                key = chosen == column ? key_at(keys, row, column) : key;
            }
            append(buffers, anchor, clamped(choice, choice.score(key)), first_column + wgmma_column(chosen), arguments.gallery.count);
        }
    }
}

// The first of the four columns that a lane is left with.
TERCET_DEVICE int kept_column(int lane) { return (lane >> 2 & 1) * 16 + (lane >> 3 & 1) * 8 + (lane >> 4 & 1) * 4; }

// The columns as anchors, where distances are symmetric; eight lanes share each.
template <typename Choice>
TERCET_DEVICE void fold_wgmma_columns(const ExtremesArguments& arguments, Choice choice, const Slack& slack, int first_row, int first_column, const ThreadKeys& keys) {
    constexpr int kKept = 4;
    const KindBuffers& buffers = arguments.kinds[choice.kind()];
    Seen seen[kKept];
#pragma unroll
    for (int kept = 0; kept < kKept; ++kept) {
        seen[kept] = look_at(arguments, buffers, slack, first_column + wgmma_column(kept_column(device::lane()) + kept));
    }
    float minima[kThreadColumns], limits[kKept];
#pragma unroll
    for (int column = 0; column < kThreadColumns; ++column) {
        const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, first_column + wgmma_column(column)) : Interval{0, 0, kNothing};
        minima[column] = device::infinity();
#pragma unroll
        for (int row = 0; row < kThreadRows; ++row) {
            if (choice.accepts(interval, first_row + wgmma_row(row))) {
                minima[column] = device::least(minima[column], choice.score(key_at(keys, row, column)));
            }
        }
    }
    halve<16, 4>(minima);
    halve<8, 8>(minima);
    halve<4, 16>(minima);
#pragma unroll
    for (int kept = 0; kept < kKept; ++kept) {
        limits[kept] = tighten(buffers, seen[kept], minima[kept] < device::infinity(), clamped(choice, minima[kept]));
    }
#pragma unroll
    for (int kept = 0; kept < kKept; ++kept) {
        for (uint32 lanes = device::ballot(minima[kept] <= limits[kept]); lanes != 0u; lanes &= lanes - 1u) {
            // The same for the whole warp; only the eight lanes that share the column have its keys.
            const int owner = device::lowest_bit(lanes), column = kept_column(owner) + kept, anchor = first_column + wgmma_column_of(column, owner);
            const float limit = device::shuffle(limits[kept], owner);
            float found[kThreadRows];
#pragma unroll
            for (int row = 0; row < kThreadRows; ++row) {
                found[row] = key_at(keys, row, 0);
            }
#pragma unroll
            for (int other = 1; other < kThreadColumns; ++other) {
#pragma unroll
                for (int row = 0; row < kThreadRows; ++row) {
                    found[row] = column == other ? key_at(keys, row, other) : found[row];
                }
            }
            if ((device::lane() & 3) != (owner & 3)) {
                continue;
            }
            const Interval interval = Choice::kReadsIntervals ? interval_of(arguments, anchor) : Interval{0, 0, kNothing};
#pragma unroll
            for (int row = 0; row < kThreadRows; ++row) {
                const int position = first_row + wgmma_row(row);
                if (choice.accepts(interval, position) && choice.score(found[row]) <= limit) {
                    append(buffers, anchor, clamped(choice, choice.score(found[row])), position, arguments.gallery.count);
                }
            }
        }
    }
}

template <typename Choice>
TERCET_DEVICE void fold_wgmma(const ExtremesArguments& arguments, Choice choice, const Slack& slack, int first_row, int first_column, bool both_sides, const ThreadKeys& keys) {
    if ((arguments.wanted >> choice.kind() & 1) == 0) {
        return;
    }
    fold_wgmma_rows(arguments, choice, slack, first_row, first_column, keys);
    if (both_sides) {
        fold_wgmma_columns(arguments, choice, slack, first_row, first_column, keys);
    }
}

// Whether one of the warp's rows has its label's interval among the columns; if none has, all its pairs are negative ones.
TERCET_DEVICE bool is_warp_mixed(const ExtremesArguments& arguments, int first_row, int first_column) {
    const int warp = device::thread() / device::kWarp % 4, lane = device::lane();
    const int anchor = first_row + lane / 16 * 64 + warp * 16 + lane % 16;
    const bool exists = anchor < arguments.anchors.count;
    return device::ballot(exists && arguments.classes.starts[exists ? anchor : 0] < first_column + kPanelRows &&
                          arguments.classes.ends[exists ? anchor : 0] > first_column) != 0u;
}

}  // namespace tercet

#endif
