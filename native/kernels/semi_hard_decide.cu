// Turns the buckets' candidates into answers, as decide.cu does for extremes, and scans buckets again that met more near ties than they have room for. One
// block an anchor.
#include "arguments.h"
#include "exact.h"
#include "limits.h"
#include "ranks.h"
#include "semi_hard.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"
#include "winner.h"

namespace tercet {

TERCET_DEVICE double bucket_sign(int rank, int count) { return rank > count ? -1.0 : 1.0; }

// The anchor's best negative of one rank among all rows.
template <typename Metric>
TERCET_DEVICE Winner scan_bucket(const SemiHardArguments& arguments, int anchor, int rank, int count) {
    const PackedRows& anchors = arguments.anchors;
    const PackedRows& gallery = arguments.gallery;
    const Positives& positives = arguments.positives;
    const int start = arguments.classes.starts[anchor], end = arguments.classes.ends[anchor];
    const float term = anchors.terms[anchor], doubt = doubt_of(arguments.tolerance, term);
    const float limit = from_ordered_bits(arguments.buckets.buffers.best[bucket_of(arguments, anchor) + rank]) + slack_of(arguments.tolerance, term);
    const float* thresholds = positives.keys + positives.offsets[anchor];
    const double* sorted = positives.sorted + positives.offsets[anchor];

    Winner winner = nobody();
    for (int base = device::thread() & ~(device::kWarp - 1); base < gallery.count; base += kDecideThreads) {
        const int position = base + device::lane();
        bool passes = position < gallery.count && (position < start || position >= end);
        if (passes) {
            // Put so that without a finite limit every row passes.
            const float key = Metric::key(packed_dot(anchors, anchor, gallery, position), term, gallery.terms[position]);
            passes = rank > count ? !(-key > limit) : !(key > limit) && !(rank > 0 && thresholds[rank - 1] > key + doubt);
        }
        uint32 left = device::ballot(passes) >> (device::lane() & 16) & 0xFFFFu;
        while (device::ballot(left != 0u) != 0u) {
            int mine = left == 0u ? kNothing : base + (device::lane() & 16) + device::lowest_bit(left);
            const double key = exact_key<Metric>(anchors, anchor, gallery, mine < 0 ? 0 : mine);
            if (rank <= count && rank_value(sorted, count, value_of(positives, key), 0.0) != rank) {
                mine = kNothing;
            }
            winner.take(bucket_sign(rank, count) * key, gallery.order[mine < 0 ? 0 : mine], mine);
            left &= left - 1u;
        }
    }
    return winner;
}

template <typename Metric>
TERCET_DEVICE void decide_buckets(const SemiHardArguments& arguments) {
    TERCET_SHARED(Winners, storage);
    const Buckets& buckets = arguments.buckets;
    const int anchor = arguments.first_panel * kPanelRows + device::block(), count = positive_count(arguments.positives, anchor);
    const int first = bucket_of(arguments, anchor), ranks = count + 1 + (arguments.farthest != 0 ? 1 : 0);
    const float slack = slack_of(arguments.tolerance, arguments.anchors.terms[anchor]);
    const int half_warp = device::thread() / kPairLanes;
    bool open = false;
    // Both halves of a warp go on as long as one of them has a bucket.
    for (int base = half_warp & ~1; base < ranks; base += kDecideThreads / kPairLanes) {
        const int rank = base + (half_warp & 1), bucket = first + (rank < ranks ? rank : 0);
        // The farthest is kept by its float32 key alone, which says nothing where the slack is not finite.
        const int met = rank >= ranks ? 0 : rank > count && !(slack < device::infinity()) ? kCandidates + 1 : buckets.buffers.counts[bucket];
        const float limit = from_ordered_bits(buckets.buffers.best[bucket]) + slack;
        const Winner winner = best_candidate<Metric>(arguments.anchors, anchor, arguments.gallery,
            buckets.buffers.candidates + static_cast<long long>(bucket) * kCandidates, met, limit, bucket_sign(rank, count), true);
        open |= met > kCandidates;
        if (rank < ranks && device::thread() % kPairLanes == 0) {
            buckets.buffers.found[bucket] = met > kCandidates ? kUndecided : winner.position;
            buckets.keys[bucket] = bucket_sign(rank, count) * winner.score;
        }
    }
    if (!device::barrier_any(open)) {
        return;
    }
    for (int rank = 0; rank < ranks; ++rank) {
        if (buckets.buffers.found[first + rank] != kUndecided) {
            continue;
        }
        const Winner best = best_of_block(storage, scan_bucket<Metric>(arguments, anchor, rank, count));
        if (device::thread() == 0) {
            buckets.buffers.found[first + rank] = best.position;
            buckets.keys[first + rank] = bucket_sign(rank, count) * best.score;
        }
    }
}

TERCET_KERNEL(semi_hard_decide_squared_euclidean, kDecideThreads, 2, SemiHardArguments) { decide_buckets<SquaredEuclidean>(arguments); }

TERCET_KERNEL(semi_hard_decide_cosine, kDecideThreads, 2, SemiHardArguments) { decide_buckets<Cosine>(arguments); }

}  // namespace tercet
