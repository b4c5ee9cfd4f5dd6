// The rows less their mean, as the loss' gradient adds them up: it depends on differences of rows, whose digits a common offset would take away.
#include "arguments.h"
#include "exact.h"
#include "loss.h"
#include "tercet/device.h"
#include "tercet/metric.h"

namespace tercet {

constexpr int kLossWarps = kLossThreads / device::kWarp;
// Any offset gives the same gradient but for rounding, so a sample's mean will do.
constexpr int kSampleRows = 1024;

struct MeanStorage {
    double sums[kLossWarps][device::kWarp];
};

// A zero row has no direction.
template <typename Metric>
TERCET_DEVICE double scale_of(const PackedRows& rows, int position) {
    const double norm = rows.norms[position];
    return !Metric::kUnitRows ? 1.0 : norm > 0.0 ? 1.0 / norm : 0.0;
}

// Thirty-two dimensions a block.
template <typename Metric>
TERCET_DEVICE void take_mean(const LossArguments& arguments) {
    TERCET_SHARED(MeanStorage, storage);
    const PackedRows& rows = arguments.rows;
    const int k = device::block() * device::kWarp + device::lane(), warp = device::thread() / device::kWarp;
    const int stride = (rows.count + kSampleRows - 1) / kSampleRows, taken = (rows.count + stride - 1) / stride;
    double sum = 0.0;
    for (int sample = warp; sample < taken && k < rows.depth; sample += kLossWarps) {
        sum += static_cast<double>(source_row(rows, sample * stride)[k]) * scale_of<Metric>(rows, sample * stride);
    }
    storage.sums[warp][device::lane()] = sum;
    device::barrier();  // every warp's sums are there
    if (warp == 0) {
        for (int other = 1; other < kLossWarps; ++other) {
            sum += storage.sums[other][device::lane()];
        }
        arguments.mean[k] = static_cast<float>(sum / taken);
    }
}

template <typename Metric>
TERCET_DEVICE void centre(const LossArguments& arguments) {
    const PackedRows& rows = arguments.rows;
    const int dimensions = dimension_panels(arguments) * kPanelRows, last = all_segment_rows(arguments);
    for (int row = device::block(); row < last; row += device::blocks()) {
        const double scale = row < rows.count ? scale_of<Metric>(rows, row) : 0.0;
        for (int k = device::thread(); k < dimensions; k += kLossThreads) {
            float value = 0.0f;
            if (row < rows.count && k < rows.depth) {
                value = static_cast<float>(static_cast<double>(source_row(rows, row)[k]) * scale - static_cast<double>(arguments.mean[k]));
            }
            *centred_at(arguments, row, k) = value;
        }
    }
}

TERCET_KERNEL(loss_mean_squared_euclidean, kLossThreads, 2, LossArguments) { take_mean<SquaredEuclidean>(arguments); }

TERCET_KERNEL(loss_mean_cosine, kLossThreads, 2, LossArguments) { take_mean<Cosine>(arguments); }

TERCET_KERNEL(loss_centre_squared_euclidean, kLossThreads, 2, LossArguments) { centre<SquaredEuclidean>(arguments); }

TERCET_KERNEL(loss_centre_cosine, kLossThreads, 2, LossArguments) { centre<Cosine>(arguments); }

}  // namespace tercet
