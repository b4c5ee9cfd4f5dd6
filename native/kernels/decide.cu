// Turns candidates into answers: float64 decides among those within two tolerances of the best, ties to the caller's lowest row.
#include "arguments.h"
#include "exact.h"
#include "kinds.h"
#include "limits.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"

namespace tercet {

constexpr int kDecideThreads = 256;

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
};

// Sixteen lanes an anchor, one block row a kind.
template <typename Metric>
TERCET_DEVICE void decide(const ExtremesArguments& arguments) {
    const int kind = device::block_row();
    if ((arguments.wanted >> kind & 1) == 0) {
        return;
    }
    const KindBuffers& buffers = arguments.kinds[kind];
    const int anchor = (device::block() * kDecideThreads + device::thread()) / kPairLanes;
    const int lane = device::thread() % kPairLanes, half_shift = device::lane() & 16;
    const bool exists = anchor < arguments.anchors.count;
    const int known = exists ? anchor : arguments.anchors.count - 1;
    const int count = buffers.counts[known];
    const uint64* candidates = buffers.candidates + static_cast<long long>(known) * kCandidates;
    const float limit = from_ordered_bits(buffers.best[known]) + slack_of(arguments.tolerance, arguments.anchors.terms[known]);

    uint32 passing[kCandidates / kPairLanes];
    int survivors = 0;
#pragma unroll
    for (int part = 0; part < kCandidates / kPairLanes; ++part) {
        const int slot = part * kPairLanes + lane;
        const bool passes = slot < count && count <= kCandidates && from_ordered_bits(static_cast<uint32>(candidates[slot] >> 32)) <= limit;
        passing[part] = device::ballot(passes) >> half_shift & 0xFFFFu;
        survivors += device::bit_count(passing[part]);
    }

    Winner winner = {0.0, 0, kNothing};
#pragma unroll
    for (int part = 0; part < kCandidates / kPairLanes; ++part) {
        uint32 left = passing[part];
        while (device::ballot(left != 0u) != 0u) {
            const int position = left == 0u ? kNothing : static_cast<int>(row_of(candidates[part * kPairLanes + device::lowest_bit(left)]));
            // The only candidate needs no float64; the other half of the warp may.
            const double key = device::ballot(left != 0u && survivors > 1) == 0u
                ? 0.0
                : exact_key<Metric>(arguments.anchors, known, arguments.gallery, position < 0 ? 0 : position);
            winner.take(sign_of(kind) * key, arguments.gallery.order[position < 0 ? 0 : position], position);
            left &= left - 1u;
        }
    }
    if (exists && lane == 0) {
        // Every anchor has a positive and a negative: where no key was finite, it still has candidates.
        buffers.found[anchor] = count == 0 || count > kCandidates ? kUndecided : winner.position;
    }
}

struct RescanStorage {
    Winner winners[kDecideThreads / kPairLanes];
};

// One anchor against every row again: the panels' float32 keys leave what is within two tolerances of the best, and float64 decides.
template <typename Metric>
TERCET_DEVICE Winner scan_again(const ExtremesArguments& arguments, int kind, int anchor) {
    const PackedRows& anchors = arguments.anchors;
    const PackedRows& gallery = arguments.gallery;
    const KindBuffers& buffers = arguments.kinds[kind];
    const int start = arguments.classes.starts[anchor], end = arguments.classes.ends[anchor], self = arguments.classes.selves[anchor];
    const int first = kind == kNearestNegative ? 0 : start, last = kind == kNearestNegative ? gallery.count : end;
    const float limit = from_ordered_bits(buffers.best[anchor]) + slack_of(arguments.tolerance, anchors.terms[anchor]);
    const float* x = anchors.panels + static_cast<long long>(anchor / kPanelRows) * kPanelRows * anchors.padded_depth + anchor % kPanelRows;

    Winner winner = {0.0, 0, kNothing};
    for (int base = first + (device::thread() & ~(device::kWarp - 1)); base < last; base += kDecideThreads) {
        const int position = base + device::lane();
        bool passes = position < last && position != self && (kind != kNearestNegative || position < start || position >= end);
        if (passes) {
            const float* y = gallery.panels + static_cast<long long>(position / kPanelRows) * kPanelRows * gallery.padded_depth + position % kPanelRows;
            float dot = 0.0f;
            for (long long k = 0; k < gallery.padded_depth; ++k) {
                dot += x[k * kPanelRows] * y[k * kPanelRows];
            }
            // Put so that without a finite limit, which takes squared norms beyond float32, every row passes.
            passes = !(score_of(kind, Metric::key(dot, anchors.terms[anchor], gallery.terms[position])) > limit);
        }
        uint32 left = device::ballot(passes) >> (device::lane() & 16) & 0xFFFFu;
        while (device::ballot(left != 0u) != 0u) {
            const int mine = left == 0u ? kNothing : base + (device::lane() & 16) + device::lowest_bit(left);
            const double key = exact_key<Metric>(anchors, anchor, gallery, mine < 0 ? 0 : mine);
            winner.take(sign_of(kind) * key, gallery.order[mine < 0 ? 0 : mine], mine);
            left &= left - 1u;
        }
    }
    return winner;
}

// Blocks stride over the anchors and do those that decide left open.
template <typename Metric>
TERCET_DEVICE void rescan(const ExtremesArguments& arguments) {
    TERCET_SHARED(RescanStorage, storage);
    const int kind = device::block_row();
    if ((arguments.wanted >> kind & 1) == 0) {
        return;
    }
    const KindBuffers& buffers = arguments.kinds[kind];
    for (int anchor = device::block(); anchor < arguments.anchors.count; anchor += device::blocks()) {
        if (buffers.found[anchor] != kUndecided) {
            continue;
        }
        const Winner winner = scan_again<Metric>(arguments, kind, anchor);
        if (device::thread() % kPairLanes == 0) {
            storage.winners[device::thread() / kPairLanes] = winner;
        }
        device::barrier();  // every half warp's winner is there
        if (device::thread() == 0) {
            Winner best = storage.winners[0];
            for (int other = 1; other < kDecideThreads / kPairLanes; ++other) {
                best.take(storage.winners[other].score, storage.winners[other].row, storage.winners[other].position);
            }
            buffers.found[anchor] = best.position;
        }
        device::barrier();  // winners may be overwritten
    }
}

TERCET_KERNEL(decide_squared_euclidean, kDecideThreads, 2, ExtremesArguments) { decide<SquaredEuclidean>(arguments); }

TERCET_KERNEL(decide_cosine, kDecideThreads, 2, ExtremesArguments) { decide<Cosine>(arguments); }

TERCET_KERNEL(rescan_squared_euclidean, kDecideThreads, 2, ExtremesArguments) { rescan<SquaredEuclidean>(arguments); }

TERCET_KERNEL(rescan_cosine, kDecideThreads, 2, ExtremesArguments) { rescan<Cosine>(arguments); }

}  // namespace tercet
