// Where a distance stands among an anchor's sorted positives.
#pragma once

#include "arguments.h"
#include "tercet/device.h"

namespace tercet {

TERCET_DEVICE int positive_count(const Positives& positives, int anchor) {
    return static_cast<int>(positives.offsets[anchor + 1] - positives.offsets[anchor]);
}

TERCET_DEVICE double value_of(const Positives& positives, double key) {
    return positives.root != 0 ? square_root(key) : key > 0.0 ? key : 0.0;
}

TERCET_DEVICE double key_of(const Positives& positives, double value) { return positives.root != 0 ? device::multiply(value, value) : value; }

// By key: how many thresholds lie below it. Four are searched for in step, so that their loads do not wait for each other; more would take too many registers.
template <int kKeys>
TERCET_DEVICE void rank_keys(const float* thresholds, int count, const float (&keys)[kKeys], int (&ranks)[kKeys]) {
    constexpr int kInStep = 4;
#pragma unroll
    for (int first = 0; first < kKeys; first += kInStep) {
#pragma unroll
        for (int j = first; j < first + kInStep; ++j) {
            ranks[j] = 0;
        }
#pragma unroll 1
        for (int step = count > 0 ? 1 << device::highest_bit(static_cast<uint32>(count)) : 0; step > 0; step >>= 1) {
#pragma unroll
            for (int j = first; j < first + kInStep; ++j) {
                const int probe = ranks[j] + step;
                if (probe <= count && thresholds[probe - 1] < keys[j]) {
                    ranks[j] = probe;
                }
            }
        }
    }
}

// Whether the exact key stands at the same rank, whatever its place within the doubt. Put so that nothing is certain where the doubt is not finite.
TERCET_DEVICE bool is_certain(const float* thresholds, int count, int rank, float key, float doubt) {
    return (rank == 0 || thresholds[rank - 1] < key - doubt) && (rank == count || thresholds[rank] > key + doubt);
}

// How many distances a value exceeds by more than the margin. The differences' roundings keep the order.
TERCET_DEVICE int rank_value(const double* sorted, int count, double value, double margin) {
    int rank = 0;
    for (int step = count > 0 ? 1 << device::highest_bit(static_cast<uint32>(count)) : 0; step > 0; step >>= 1) {
        if (rank + step <= count && device::add(value, -sorted[rank + step - 1]) > margin) {
            rank += step;
        }
    }
    return rank;
}

// How many distances plus the margin a value reaches.
TERCET_DEVICE int rank_value_within(const double* sorted, int count, double value, double margin) {
    int rank = 0;
    for (int step = count > 0 ? 1 << device::highest_bit(static_cast<uint32>(count)) : 0; step > 0; step >>= 1) {
        if (rank + step <= count && device::add(sorted[rank + step - 1], margin) <= value) {
            rank += step;
        }
    }
    return rank;
}

}  // namespace tercet
