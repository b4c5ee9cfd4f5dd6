// What a fused tile does with its keys, whatever unit multiplied its rows: which pairs count, an anchor's running best, and its candidates.
#pragma once

#include "arguments.h"
#include "kinds.h"
#include "limits.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"

namespace tercet {

struct Interval {
    int start, end, self;
};

// What to look for in a tile that holds negative pairs only, nearly all of them: no interval is read.
struct PureNegatives {
    static constexpr bool kReadsIntervals = false;

    TERCET_DEVICE int kind() const { return kNearestNegative; }
    TERCET_DEVICE float score(float key) const { return NearestNegative::score(key); }
    TERCET_DEVICE bool accepts(const Interval&, int) const { return true; }
};

// The same for any kind in a tile of both sorts of pairs; one body for all kinds, since such tiles are few and machine code is not.
struct AnyKind {
    static constexpr bool kReadsIntervals = true;

    int number;

    TERCET_DEVICE int kind() const { return number; }
    TERCET_DEVICE float score(float key) const { return score_of(number, key); }
    TERCET_DEVICE bool accepts(const Interval& interval, int position) const {
        const bool same_label = position >= interval.start && position < interval.end;
        return number == kNearestNegative ? !same_label : same_label && position != interval.self;
    }
};

// An anchor that does not exist has an empty interval; its result is never taken.
TERCET_DEVICE Interval interval_of(const ExtremesArguments& arguments, int anchor) {
    if (anchor >= arguments.anchors.count) {
        return {0, 0, kNothing};
    }
    return {arguments.classes.starts[anchor], arguments.classes.ends[anchor], arguments.classes.selves[anchor]};
}

// A position past the last row has an infinite key, which passes only where squared norms overflow and no limit is finite.
TERCET_DEVICE void append(const KindBuffers& buffers, int anchor, float score, int position, int positions) {
    if (position >= positions) {
        return;
    }
    const int slot = device::atomic_add(buffers.counts + anchor, 1);
    if (slot < kCandidates) {
        buffers.candidates[static_cast<long long>(anchor) * kCandidates + slot] =
            (static_cast<uint64>(ordered_bits(score)) << 32) | static_cast<uint32>(position);
    }
}

// Lowers an anchor's best and gives back the score up to which rows are of interest. The best as it was read some time before: it only falls, so that an older one is a looser limit.
TERCET_DEVICE float tighten(const KindBuffers& buffers, int anchor, uint32 best, float score, float slack) {
    const uint32 bits = ordered_bits(score);
    if (bits < best) {
        best = device::atomic_min(buffers.best + anchor, bits);
        best = best < bits ? best : bits;
    }
    return from_ordered_bits(best) + slack;
}

TERCET_DEVICE float tighten(const KindBuffers& buffers, int anchor, float score, float slack) {
    return tighten(buffers, anchor, device::peek(buffers.best + anchor), score, slack);
}

// What an anchor's limit is made of beside its minimum. Read before the minimum is known, so that the reads are over when it is.
struct Seen {
    int anchor;
    uint32 best;
    float slack;
};

// Nothing is seen of an anchor that does not exist.
TERCET_DEVICE Seen look_at(const ExtremesArguments& arguments, const KindBuffers& buffers, const Slack& slack, int anchor) {
    if (anchor >= arguments.anchors.count) {
        return {kNothing, 0u, 0.0f};
    }
    return {anchor, device::peek(buffers.best + anchor), slack.of(arguments.anchors.terms[anchor])};
}

// The limit that a minimum of the tile's scores gives; where there is no anchor, or no score, none.
TERCET_DEVICE float tighten(const KindBuffers& buffers, const Seen& seen, bool has_score, float score) {
    return has_score && seen.anchor >= 0 ? tighten(buffers, seen.anchor, seen.best, score, seen.slack) : -device::infinity();
}

// Whether a row of the tile has its label's interval among the columns; if none has, every pair of the tile is a negative one. With symmetric
// distances the same holds for the columns.
TERCET_DEVICE bool is_mixed(const ExtremesArguments& arguments, int first_row, int first_column) {
    bool meets = false;
    const int anchor = first_row + device::thread();
    if (device::thread() < kPanelRows && anchor < arguments.anchors.count) {
        meets = arguments.classes.starts[anchor] < first_column + kPanelRows && arguments.classes.ends[anchor] > first_column;
    }
    return device::barrier_any(meets);
}

// Tiles of the columns before one; their double need not be an int.
TERCET_DEVICE long long triangle_of(int column) { return static_cast<long long>(column) * (column + 1) / 2; }

// Tiles column by column: the triangle over the anchors' panels, then whole columns of anchors' panels.
TERCET_DEVICE void tile_of(const ExtremesArguments& arguments, int tile, int& row_panel, int& column_panel) {
    const int anchor_panels = (arguments.anchors.count + kPanelRows - 1) / kPanelRows;
    const int triangle = arguments.symmetric != 0 ? static_cast<int>(triangle_of(anchor_panels)) : 0;
    if (tile >= triangle) {
        column_panel = (tile - triangle) / anchor_panels + (arguments.symmetric != 0 ? anchor_panels : 0);
        row_panel = (tile - triangle) % anchor_panels;
        return;
    }
    int column = static_cast<int>((square_root(8.0f * static_cast<float>(tile) + 1.0f) - 1.0f) * 0.5f);
    while (triangle_of(column) > tile) {
        --column;
    }
    while (triangle_of(column + 1) <= tile) {
        ++column;
    }
    column_panel = column;
    row_panel = tile - static_cast<int>(triangle_of(column));
}

}  // namespace tercet
