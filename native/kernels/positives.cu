// The exact distances of every anchor's positives, and the same in order: what semi-hard mining and the loss rank negatives by. One block an anchor.
#include "arguments.h"
#include "exact.h"
#include "ranks.h"
#include "tercet/device.h"
#include "tercet/metric.h"

namespace tercet {

constexpr int kPositivesThreads = 256;

template <typename Metric>
TERCET_DEVICE void measure(const PositivesArguments& arguments, int anchor, int count) {
    const Positives& positives = arguments.positives;
    const long long first = positives.offsets[anchor];
    const int start = arguments.classes.starts[anchor], self = arguments.classes.selves[anchor];
    const int half_warp = device::thread() / kPairLanes;
    // Both halves of a warp go on as long as one of them has a pair.
    for (int base = half_warp & ~1; base < count; base += kPositivesThreads / kPairLanes) {
        const int index = base + (half_warp & 1);
        const int known = index < count ? index : count - 1;
        const int position = start + known + (self >= 0 && start + known >= self ? 1 : 0);
        const double value = value_of(positives, exact_key<Metric>(arguments.anchors, anchor, arguments.gallery, position));
        if (index < count && device::thread() % kPairLanes == 0) {
            positives.values[first + index] = value;
            positives.sorted[first + index] = value;
            positives.order[first + index] = index;
        }
    }
}

// A bitonic sort whose every comparison ascends, so that the places past the last, which would hold infinity, need not exist.
TERCET_DEVICE void sort(double* sorted, int* order, int count) {
    for (int size = 2; size / 2 < count; size *= 2) {
        for (int step = size / 2; step > 0; step /= 2) {
            for (int pair = device::thread(); pair < count; pair += kPositivesThreads) {
                const int left = pair / step * 2 * step + pair % step;
                const int right = step == size / 2 ? left + 2 * (step - pair % step) - 1 : left + step;
                if (right >= count) {
                    continue;
                }
                const double low = sorted[left], high = sorted[right];
                if (high < low || (high == low && order[right] < order[left])) {
                    const int order_of_low = order[left];
                    sorted[left] = high;
                    sorted[right] = low;
                    order[left] = order[right];
                    order[right] = order_of_low;
                }
            }
            device::barrier();  // the step is done
        }
    }
}

template <typename Metric>
TERCET_DEVICE void sort_positives(const PositivesArguments& arguments) {
    const Positives& positives = arguments.positives;
    const int anchor = device::block(), count = positive_count(positives, anchor);
    const long long first = positives.offsets[anchor];
    measure<Metric>(arguments, anchor, count);
    device::barrier();  // distances are there
    sort(positives.sorted + first, positives.order + first, count);
    for (int rank = device::thread(); rank < count; rank += kPositivesThreads) {
        const double value = positives.sorted[first + rank];
        positives.keys[first + rank] = static_cast<float>(key_of(positives, value));
        positives.margin_keys[first + rank] = static_cast<float>(key_of(positives, device::add(value, positives.margin)));
    }
}

TERCET_KERNEL(positives_squared_euclidean, kPositivesThreads, 4, PositivesArguments) { sort_positives<SquaredEuclidean>(arguments); }

TERCET_KERNEL(positives_cosine, kPositivesThreads, 4, PositivesArguments) { sort_positives<Cosine>(arguments); }

}  // namespace tercet
