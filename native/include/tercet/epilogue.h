// The epilogues: what a tile does with its distances.
//
// A candidate becomes one 64-bit key, `(ordered distance bits << 32) | row`, and the smallest key wins: a 64-bit minimum is native on the device, in
// any order of arrival, and the row in the low word makes a tie go to the lowest row. FarthestPositive inverts the distance's bits, so the smallest key is
// the farthest candidate, and its ties still go to the lowest row.
#pragma once

#include "tercet/host_device.h"

namespace tercet {

// The key of "no candidate yet": larger than the key of any candidate.
constexpr uint64 kNoCandidate = ~static_cast<uint64>(0);

// Unsigned bits that order as the floats do, negative ones included. −0 counts as +0, since the two compare equal. NaN is the caller's to refuse.
TERCET_HOST_DEVICE uint32 ordered_bits(float value) {
    const uint32 bits = float_bits(value == 0.0f ? 0.0f : value);
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

// The inverse of ordered_bits.
TERCET_HOST_DEVICE float from_ordered_bits(uint32 ordered) {
    return float_from_bits((ordered & 0x80000000u) != 0u ? ordered & 0x7FFFFFFFu : ~ordered);
}

TERCET_HOST_DEVICE uint32 row_of(uint64 key) { return static_cast<uint32>(key & 0xFFFFFFFFu); }

// What the epilogues share: the key with the smaller value wins.
TERCET_HOST_DEVICE uint64 combine(uint64 left, uint64 right) { return left < right ? left : right; }

// Each epilogue's score is what it minimises, so that a kernel keeps running minima whatever it looks for; kWantsPositive says among which rows.

// argmin d(a, n) over rows with another label.
struct NearestNegative {
    static constexpr bool kWantsPositive = false;

    static TERCET_HOST_DEVICE float score(float distance) { return distance; }

    static TERCET_HOST_DEVICE bool accepts(bool same_label, bool same_row) { return !same_label && !same_row; }

    static TERCET_HOST_DEVICE uint64 pack(float distance, uint32 row) {
        return (static_cast<uint64>(ordered_bits(distance)) << 32) | row;
    }

    static TERCET_HOST_DEVICE float distance_of(uint64 key) { return from_ordered_bits(static_cast<uint32>(key >> 32)); }
};

// argmax d(a, p) over rows with the anchor's label, the anchor itself left out.
struct FarthestPositive {
    static constexpr bool kWantsPositive = true;

    static TERCET_HOST_DEVICE float score(float distance) { return -distance; }

    static TERCET_HOST_DEVICE bool accepts(bool same_label, bool same_row) { return same_label && !same_row; }

    static TERCET_HOST_DEVICE uint64 pack(float distance, uint32 row) {
        return (static_cast<uint64>(~ordered_bits(distance)) << 32) | row;
    }

    static TERCET_HOST_DEVICE float distance_of(uint64 key) { return from_ordered_bits(~static_cast<uint32>(key >> 32)); }
};

// argmin d(a, p) over rows with the anchor's label, the anchor itself left out.
struct NearestPositive {
    static constexpr bool kWantsPositive = true;

    static TERCET_HOST_DEVICE float score(float distance) { return distance; }

    static TERCET_HOST_DEVICE bool accepts(bool same_label, bool same_row) { return same_label && !same_row; }

    static TERCET_HOST_DEVICE uint64 pack(float distance, uint32 row) { return NearestNegative::pack(distance, row); }

    static TERCET_HOST_DEVICE float distance_of(uint64 key) { return NearestNegative::distance_of(key); }
};

}  // namespace tercet
