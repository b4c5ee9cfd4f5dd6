// Turns candidates into answers: float64 decides among those within two tolerances of the best, ties to the caller's lowest row.
#include "arguments.h"
#include "exact.h"
#include "kinds.h"
#include "limits.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"
#include "winner.h"

namespace tercet {

// Sixteen lanes an anchor, one block row a kind.
template <typename Metric>
TERCET_DEVICE void decide(const ExtremesArguments& arguments) {
    const int kind = device::block_row();
    if ((arguments.wanted >> kind & 1) == 0) {
        return;
    }
    const KindBuffers& buffers = arguments.kinds[kind];
    const int anchor = (device::block() * kDecideThreads + device::thread()) / kPairLanes;
    const bool exists = anchor < arguments.anchors.count;
    const int known = exists ? anchor : arguments.anchors.count - 1;
    const int count = buffers.counts[known];
    const float slack = slack_of(arguments.tolerance, arguments.anchors.terms[known]);
    const float limit = from_ordered_bits(buffers.best[known]) + slack;
    const Winner winner = best_candidate<Metric>(arguments.anchors, known, arguments.gallery, buffers.candidates + static_cast<long long>(known) * kCandidates, count,
                                                 limit, sign_of(kind), false);
    if (exists && device::thread() % kPairLanes == 0) {
        // Every anchor has a positive and a negative. Where the slack is not finite a tile may have kept a row back.
        buffers.found[anchor] = count == 0 || count > kCandidates || !(slack < device::infinity()) ? kUndecided : winner.position;
    }
}

// One anchor against every row again: the panels' float32 keys leave what is within two tolerances of the best, and float64 decides.
template <typename Metric>
TERCET_DEVICE Winner scan_again(const ExtremesArguments& arguments, int kind, int anchor) {
    const PackedRows& anchors = arguments.anchors;
    const PackedRows& gallery = arguments.gallery;
    const KindBuffers& buffers = arguments.kinds[kind];
    const int start = arguments.classes.starts[anchor], end = arguments.classes.ends[anchor], self = arguments.classes.selves[anchor];
    const int first = kind == kNearestNegative ? 0 : start, last = kind == kNearestNegative ? gallery.count : end;
    const float limit = from_ordered_bits(buffers.best[anchor]) + slack_of(arguments.tolerance, anchors.terms[anchor]);

    Winner winner = nobody();
    for (int base = first + (device::thread() & ~(device::kWarp - 1)); base < last; base += kDecideThreads) {
        const int position = base + device::lane();
        bool passes = position < last && position != self && (kind != kNearestNegative || position < start || position >= end);
        if (passes) {
            // Put so that without a finite limit, which takes squared norms beyond float32, every row passes.
            const float dot = packed_dot(anchors, anchor, gallery, position);
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
    TERCET_SHARED(Winners, storage);
    const int kind = device::block_row();
    if ((arguments.wanted >> kind & 1) == 0) {
        return;
    }
    const KindBuffers& buffers = arguments.kinds[kind];
    for (int anchor = device::block(); anchor < arguments.anchors.count; anchor += device::blocks()) {
        if (buffers.found[anchor] != kUndecided) {
            continue;
        }
        const Winner best = best_of_block(storage, scan_again<Metric>(arguments, kind, anchor));
        if (device::thread() == 0) {
            buffers.found[anchor] = best.position;
        }
    }
}

TERCET_KERNEL(decide_squared_euclidean, kDecideThreads, 2, ExtremesArguments) { decide<SquaredEuclidean>(arguments); }

TERCET_KERNEL(decide_cosine, kDecideThreads, 2, ExtremesArguments) { decide<Cosine>(arguments); }

TERCET_KERNEL(rescan_squared_euclidean, kDecideThreads, 2, ExtremesArguments) { rescan<SquaredEuclidean>(arguments); }

TERCET_KERNEL(rescan_cosine, kDecideThreads, 2, ExtremesArguments) { rescan<Cosine>(arguments); }

}  // namespace tercet
