// How far apart two float32 scores must be for the smaller to be surely the smaller one.
#pragma once

#include "arguments.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"

namespace tercet {

// Twice an anchor's tolerance. The tolerance is above the bound that is needed by 4·2⁻²⁴ of the two terms, more than the sum of a score and this
// loses in rounding. What does not depend on the anchor is read once.
struct Slack {
    float slope, largest, constant;

    TERCET_DEVICE explicit Slack(const Tolerance& tolerance) {
        const float rest = tolerance.residual == nullptr ? 0.0f : from_ordered_bits(*tolerance.residual);
        slope = tolerance.slope + rest * (2.01f + 1.01f * rest);
        largest = from_ordered_bits(*tolerance.largest);
        constant = tolerance.constant;
    }

    TERCET_DEVICE float of(float term) const { return 2.001f * (slope * (term + largest) + constant); }
};

TERCET_DEVICE float slack_of(const Tolerance& tolerance, float term) { return Slack(tolerance).of(term); }

// How near a key may be to a threshold before float64 has to decide: the tolerance, and for the roundings of a threshold to float32 and of a key less this
// 6.7·2⁻²⁴ of the two terms, which are at least half as large as any key.
TERCET_DEVICE float doubt_of(const Tolerance& tolerance, float term) {
    const float terms = term + from_ordered_bits(*tolerance.largest);
    return 1.001f * (tolerance.slope * terms + tolerance.constant) + 4e-7f * terms;
}

}  // namespace tercet
