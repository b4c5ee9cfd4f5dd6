// Where an anchor's buckets lie.
#pragma once

#include "arguments.h"
#include "tercet/device.h"

namespace tercet {

// An anchor with k positives has k + 1 buckets of negatives, and one for the farthest.
TERCET_DEVICE int bucket_of(const SemiHardArguments& arguments, int anchor) {
    const int first = arguments.first_panel * kPanelRows;
    return static_cast<int>(arguments.positives.offsets[anchor] - arguments.positives.offsets[first]) + 2 * (anchor - first);
}

}  // namespace tercet
