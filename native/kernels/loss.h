// Where the loss over all triplets keeps its rows and sums.
#pragma once

#include "arguments.h"
#include "tercet/device.h"

namespace tercet {

constexpr int kLossThreads = 256;

TERCET_DEVICE int dimension_panels(const LossArguments& arguments) { return (arguments.rows.depth + kPanelRows - 1) / kPanelRows; }

TERCET_DEVICE int all_segment_rows(const LossArguments& arguments) { return arguments.segments * arguments.segment_rows; }

TERCET_DEVICE float* centred_at(const LossArguments& arguments, int row, int k) {
    return arguments.centred + (static_cast<long long>(k / kPanelRows) * all_segment_rows(arguments) + row) * kPanelRows + k % kPanelRows;
}

TERCET_DEVICE float* sum_at(const LossArguments& arguments, int row, int k) {
    return arguments.sums + static_cast<long long>(row) * dimension_panels(arguments) * kPanelRows + k;
}

}  // namespace tercet
