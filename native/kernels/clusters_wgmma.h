// How the clusters of a grid share the pass by warp groups, and where images stand meanwhile.
#pragma once

#include "arguments.h"
#include "tercet/device.h"
#include "tile_wgmma.h"

#if defined(TERCET_HAS_WARP_GROUPS)

namespace tercet {

// A job of a cluster: row panels 2 · row pair and the next one, one a block, against a pair of column panels, one a group of either block. Those of a row pair are all column
// pairs, or in the symmetric form those from its own on.
struct Jobs {
    int row_pairs, column_pairs;
    bool is_symmetric;

    TERCET_DEVICE explicit Jobs(const ExtremesArguments& arguments)
        : row_pairs((arguments.anchors.count + 2 * kPanelRows - 1) / (2 * kPanelRows)), column_pairs((arguments.gallery.panel_count + 1) / 2),
          is_symmetric(arguments.symmetric != 0) {}

    TERCET_DEVICE long long before(int row_pair) const {
        const long long below = is_symmetric ? static_cast<long long>(row_pair) * (row_pair - 1) / 2 : 0;
        return static_cast<long long>(row_pair) * column_pairs - below;
    }
    TERCET_DEVICE int first_column_pair(int row_pair) const { return is_symmetric ? row_pair : 0; }
    TERCET_DEVICE long long count() const { return before(row_pairs); }
};

// A cluster's stretch of the jobs, which are ordered by rows: its anchors' images stay while gallery panels stream by.
struct Stretch {
    Jobs jobs;
    // Jobs left; 2³¹ of them would take hours.
    int left;
    int row_pair, column_pair;

    TERCET_DEVICE explicit Stretch(const ExtremesArguments& arguments) : jobs(arguments) {
        const long long all = jobs.count();
        const long long first = all * device::cluster() / device::clusters();
        left = static_cast<int>(all * (device::cluster() + 1) / device::clusters() - first);
        row_pair = 0;
        while (row_pair + 1 < jobs.row_pairs && jobs.before(row_pair + 1) <= first) {
            ++row_pair;
        }
        column_pair = static_cast<int>(first - jobs.before(row_pair)) + jobs.first_column_pair(row_pair);
    }

    TERCET_DEVICE bool is_done() const { return left == 0; }
    TERCET_DEVICE bool is_last_of_rows() const { return column_pair + 1 == jobs.column_pairs; }
    TERCET_DEVICE int row_panel() const { return 2 * row_pair + device::cluster_rank(); }
    TERCET_DEVICE int column_panel(int group) const { return 2 * column_pair + group; }

    // Whether the next job has other rows.
    TERCET_DEVICE bool advance() {
        const bool is_new = is_last_of_rows();
        --left;
        ++column_pair;
        if (is_new) {
            ++row_pair;
            column_pair = jobs.first_column_pair(row_pair);
        }
        return is_new;
    }
};

// The place in a ring of slots: a slot, and the parity of its phase.
struct Place {
    int slot = 0, parity = 0;

    TERCET_DEVICE void advance(int slots) {
        if (++slot == slots) {
            slot = 0;
            parity ^= 1;
        }
    }
};

// A block's images: slots of its row panel, and for each group a ring of slots for column panels, as long as there is room for.
struct Slots {
    unsigned char* shared;
    int steps, rows, columns;

    TERCET_DEVICE Slots(unsigned char* memory, int depth)
        : shared(memory), steps(image_steps(depth)), rows(steps <= kMostResidentSteps ? steps : kStreamedSlots), columns((kWgmmaImages - rows) / kMultiplyingGroups) {}

    // Whether all of a row panel stays for as long as there are columns.
    TERCET_DEVICE bool rows_stay() const { return steps <= kMostResidentSteps; }
    TERCET_DEVICE unsigned char* row_slot(int slot) const { return shared + slot * kImageBytes; }
    TERCET_DEVICE unsigned char* column_slot(int group, int slot) const { return shared + (rows + group * columns + slot) * kImageBytes; }
};

}  // namespace tercet

#endif
