// What decides in float64 among rows whose float32 keys are too close to call.
#pragma once

#include "arguments.h"
#include "exact.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"

namespace tercet {

// The best row so far by float64 score, then by the caller's row.
struct Winner {
    double score;
    int row;
    int position;

    TERCET_DEVICE void take(double other_score, int other_row, int other_position) {
        if (other_position >= 0 && (position < 0 || other_score < score || (other_score == score && other_row < row))) {
            score = other_score;
            row = other_row;
            position = other_position;
        }
    }

    TERCET_DEVICE void take(const Winner& other) { take(other.score, other.row, other.position); }
};

TERCET_DEVICE Winner nobody() { return {0.0, 0, kNothing}; }

// An anchor's best candidate by sixteen lanes; the whole warp must call it. With `needs_score` its score is exact also where nobody contends.
template <typename Metric>
TERCET_DEVICE Winner best_candidate(const PackedRows& anchors, int anchor, const PackedRows& gallery, const uint64* candidates, int count, float limit,
                                    double sign, bool needs_score) {
    const int lane = device::thread() % kPairLanes, half_shift = device::lane() & 16;
    uint32 passing[kCandidates / kPairLanes];
    int survivors = 0;
#pragma unroll
    for (int part = 0; part < kCandidates / kPairLanes; ++part) {
        const int slot = part * kPairLanes + lane;
        // Put so that without a finite limit, which takes squared norms beyond float32, every candidate passes.
        const bool passes = slot < count && count <= kCandidates && !(from_ordered_bits(static_cast<uint32>(candidates[slot] >> 32)) > limit);
        passing[part] = device::ballot(passes) >> half_shift & 0xFFFFu;
        survivors += device::bit_count(passing[part]);
    }

    Winner winner = nobody();
#pragma unroll
    for (int part = 0; part < kCandidates / kPairLanes; ++part) {
        uint32 left = passing[part];
        while (device::ballot(left != 0u) != 0u) {
            const int position = left == 0u ? kNothing : static_cast<int>(row_of(candidates[part * kPairLanes + device::lowest_bit(left)]));
            // The only candidate needs no float64; the other half of the warp may.
            const double key = device::ballot(left != 0u && (needs_score || survivors > 1)) == 0u
                ? 0.0
                : exact_key<Metric>(anchors, anchor, gallery, position < 0 ? 0 : position);
            winner.take(sign * key, gallery.order[position < 0 ? 0 : position], position);
            left &= left - 1u;
        }
    }
    return winner;
}

// The float32 dot product of two packed rows. Sums of sixteen components make its error less than what any unit's tolerance allows, which may be less than that
// of one long sum.
TERCET_DEVICE float packed_dot(const PackedRows& anchors, int anchor, const PackedRows& gallery, int position) {
    constexpr int kDotDepth = 16;
    const float* x = anchors.panels + static_cast<long long>(anchor / kPanelRows) * kPanelRows * anchors.padded_depth + anchor % kPanelRows;
    const float* y = gallery.panels + static_cast<long long>(position / kPanelRows) * kPanelRows * gallery.padded_depth + position % kPanelRows;
    float dot = 0.0f;
    for (int first = 0; first < gallery.padded_depth; first += kDotDepth) {
        float part = 0.0f;
        for (int k = first; k < first + kDotDepth && k < gallery.padded_depth; ++k) {
            part += x[static_cast<long long>(k) * kPanelRows] * y[static_cast<long long>(k) * kPanelRows];
        }
        dot += part;
    }
    return dot;
}

constexpr int kDecideThreads = 256;

// A half warp's winner each.
struct Winners {
    Winner of_half_warp[kDecideThreads / kPairLanes];
};

// The block's winner, to every thread; the whole block must call it.
TERCET_DEVICE Winner best_of_block(Winners& winners, const Winner& own) {
    if (device::thread() % kPairLanes == 0) {
        winners.of_half_warp[device::thread() / kPairLanes] = own;
    }
    device::barrier();  // every half warp's winner is there
    Winner best = winners.of_half_warp[0];
    for (int other = 1; other < kDecideThreads / kPairLanes; ++other) {
        best.take(winners.of_half_warp[other]);
    }
    device::barrier();  // winners may be overwritten
    return best;
}

}  // namespace tercet
