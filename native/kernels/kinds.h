// The kinds of extreme by number, where a kernel does not know them at compile time.
#pragma once

#include "arguments.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"

namespace tercet {

// What a kind minimises: FarthestPositive's scores are keys negated.
TERCET_DEVICE double sign_of(int kind) { return kind == kFarthestPositive ? -1.0 : 1.0; }

TERCET_DEVICE float score_of(int kind, float key) {
    return kind == kFarthestPositive ? FarthestPositive::score(key) : kind == kNearestPositive ? NearestPositive::score(key) : NearestNegative::score(key);
}

}  // namespace tercet
