// Between the passes of nearest.h, the limits; behind them, the decision in float64.
#include "arguments.h"
#include "exact.h"
#include "limits.h"
#include "nearest.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"

namespace tercet {

constexpr uint32 kNoMinimum = 0xFFFFFFFFu;
constexpr int kGroupsPerLane = kNearestGroups / device::kWarp;
constexpr int kLastRow = 0x7FFFFFFF;

// The k-th smallest of an anchor's minima by one warp, smallest first; infinity where fewer groups have a row.
TERCET_DEVICE float bound_of(const uint32* minima, int k) {
    uint32 own[kGroupsPerLane], bound = kNoMinimum;
#pragma unroll
    for (int part = 0; part < kGroupsPerLane; ++part) {
        own[part] = minima[part * device::kWarp + device::lane()];
    }
    for (int rank = 0; rank < k; ++rank) {
        uint32 least = own[0];
#pragma unroll
        for (int part = 1; part < kGroupsPerLane; ++part) {
            least = own[part] < least ? own[part] : least;
        }
        bound = least;
        for (int mask = 1; mask < device::kWarp; mask <<= 1) {
            const uint32 other = device::shuffle_xor(bound, mask);
            bound = other < bound ? other : bound;
        }
        bool takes = device::lane() == device::lowest_bit(device::ballot(least == bound));
#pragma unroll
        for (int part = 0; part < kGroupsPerLane; ++part) {
            if (takes && own[part] == bound) {
                own[part] = kNoMinimum;
                takes = false;
            }
        }
    }
    return bound == kNoMinimum ? device::infinity() : from_ordered_bits(bound);
}

TERCET_KERNEL(nearest_limits, kNearestThreads, 4, NearestArguments) {
    const int local = (device::block() * kNearestThreads + device::thread()) / device::kWarp;
    // The whole warp has the same anchor.
    if (!is_anchor(arguments, local)) {
        return;
    }
    const float bound = bound_of(arguments.minima + static_cast<long long>(local) * kNearestGroups, arguments.k);
    if (device::lane() == 0) {
        arguments.limits[local] = bound + slack_of(arguments.tolerance, arguments.anchors.terms[arguments.first_panel * kPanelRows + local]);
        arguments.counts[local] = 0;
    }
}

// Rows by (key, the caller's row), as many as there are threads.
struct RankedRows {
    double keys[kNearestThreads];
    int rows[kNearestThreads];
};

// A bitonic sort of the first `length`, a power of two.
TERCET_DEVICE void sort_ranked(RankedRows& ranked, int length) {
    const int own = device::thread();
    for (int size = 2; size <= length; size *= 2) {
        for (int step = size / 2; step > 0; step /= 2) {
            const int other = own ^ step;
            if (own < length && other > own) {
                const bool descends = (own & size) != 0;
                const double low = ranked.keys[own], high = ranked.keys[other];
                const int low_row = ranked.rows[own], high_row = ranked.rows[other];
                const bool swaps = high < low || (high == low && high_row < low_row);
                const bool differs = high != low || high_row != low_row;
                if (differs && swaps != descends) {
                    ranked.keys[own] = high;
                    ranked.keys[other] = low;
                    ranked.rows[own] = high_row;
                    ranked.rows[other] = low_row;
                }
            }
            device::barrier();  // the step is done
        }
    }
}

// One block an anchor: its candidates, or the whole gallery where more passed than there is room for; those that fit beside the k best so far at a time.
template <typename Metric>
TERCET_DEVICE void decide_nearest(const NearestArguments& arguments) {
    TERCET_SHARED(RankedRows, ranked);
    const int local = device::block(), anchor = arguments.first_panel * kPanelRows + local, half_warp = device::thread() / kPairLanes;
    const int count = arguments.counts[local];
    const bool sees_all = count > kNearestCandidates;
    const int* candidates = arguments.candidates + static_cast<long long>(local) * kNearestCandidates;
    const int total = sees_all ? arguments.gallery.count : count;
    int kept = 0;
    for (int base = 0; base < total;) {
        const int room = kNearestThreads - kept, fresh = total - base < room ? total - base : room;
        if (device::thread() >= kept) {
            ranked.keys[device::thread()] = static_cast<double>(device::infinity());
            ranked.rows[device::thread()] = kLastRow;
        }
        device::barrier();  // places without a row come last
        // Both halves of a warp go on as long as one of them has a row.
        for (int first = half_warp & ~1; first < fresh; first += kNearestThreads / kPairLanes) {
            const int index = first + (half_warp & 1), known = index < fresh ? index : fresh - 1;
            const int position = sees_all ? base + known : candidates[base + known];
            const double key = exact_key<Metric>(arguments.anchors, anchor, arguments.gallery, position);
            if (index < fresh && device::thread() % kPairLanes == 0) {
                ranked.keys[kept + index] = key;
                ranked.rows[kept + index] = arguments.gallery.order[position];
            }
        }
        device::barrier();  // every row of this turn is there
        int length = 2;
        while (length < kept + fresh) {
            length *= 2;
        }
        sort_ranked(ranked, length);
        base += fresh;
        kept = kept + fresh < arguments.k ? kept + fresh : arguments.k;
    }
    if (device::thread() < arguments.k) {
        const long long target = static_cast<long long>(local) * arguments.k + device::thread();
        const bool exists = device::thread() < kept;
        arguments.keys[target] = exists ? ranked.keys[device::thread()] : static_cast<double>(device::infinity());
        arguments.rows[target] = exists ? ranked.rows[device::thread()] : kNothing;
    }
}

TERCET_KERNEL(nearest_decide_squared_euclidean, kNearestThreads, 2, NearestArguments) { decide_nearest<SquaredEuclidean>(arguments); }

TERCET_KERNEL(nearest_decide_cosine, kNearestThreads, 2, NearestArguments) { decide_nearest<Cosine>(arguments); }

}  // namespace tercet
