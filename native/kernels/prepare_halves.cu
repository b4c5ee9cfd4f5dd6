// Splits rows into float16 pairs, in the order of fragments that tile_mma.h reads. Runs after prepare, whose norms it needs.
#include "arguments.h"
#include "exact.h"
#include "tercet/device.h"
#include "tercet/metric.h"
#include "tile_mma.h"

namespace tercet {

// The power of two that brings a norm to between 2¹³ and 2¹⁴, as its exponent; norms too small for that are of rows whose squares float32 cannot hold.
TERCET_DEVICE int scale_exponent(float norm) {
    const int exponent = static_cast<int>(float_bits(norm) >> 23) - 127;
    const int shift = 13 - exponent;
    return shift > 126 ? 126 : shift;
}

struct HalvesStorage {
    double scales[kPanelRows];
};

// Two neighbouring components of a row, hi and lo, as the words that a fragment holds.
TERCET_DEVICE void split_pair(const PackedRows& rows, int position, int k, double scale, uint32& high, uint32& low) {
    uint32 highs[2], lows[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        const bool exists = position < rows.count && k + i < rows.depth;
        const double value = exists ? static_cast<double>(source_row(rows, position)[k + i]) * scale : 0.0;
        highs[i] = device::to_half(static_cast<float>(value));
        lows[i] = device::to_half(static_cast<float>(value - static_cast<double>(device::from_half(highs[i]))));
    }
    high = highs[0] | highs[1] << 16;
    low = lows[0] | lows[1] << 16;
}

template <typename Metric>
TERCET_DEVICE void prepare_halves(const PrepareHalvesArguments& arguments) {
    TERCET_SHARED(HalvesStorage, storage);
    const PackedRows& rows = arguments.rows;
    const int panel = device::block(), first = panel * kPanelRows, thread = device::thread();
    if (thread < kPanelRows) {
        const double norm = rows.norms[first + thread];
        const int exponent = scale_exponent(Metric::kUnitRows ? 1.0f : static_cast<float>(norm));
        storage.scales[thread] = static_cast<double>(power_of_two(exponent)) * unit_scale<Metric>(norm);
        arguments.inverse_scales[first + thread] = power_of_two(-exponent);
    }
    device::barrier();  // scales are there

    const int steps = (rows.depth + kMmaDepth - 1) / kMmaDepth;
    const int group = thread / device::kWarp, lane = device::lane();
    const int low_row = group * 16 + lane / 4, high_row = low_row + 8;
    device::Uint4* fragments = static_cast<device::Uint4*>(arguments.fragments) + static_cast<long long>(panel) * steps * kStepFragments + group * 2 * device::kWarp + lane;
    for (int step = 0; step < steps; ++step, fragments += kStepFragments) {
        const int k = step * kMmaDepth + lane % 4 * 2;
        device::Uint4 high, low;
        split_pair(rows, first + low_row, k, storage.scales[low_row], high.x, low.x);
        split_pair(rows, first + high_row, k, storage.scales[high_row], high.y, low.y);
        split_pair(rows, first + low_row, k + 8, storage.scales[low_row], high.z, low.z);
        split_pair(rows, first + high_row, k + 8, storage.scales[high_row], high.w, low.w);
        fragments[0] = high;
        fragments[device::kWarp] = low;
    }
}

TERCET_KERNEL(prepare_halves_squared_euclidean, kMmaThreads, 1, PrepareHalvesArguments) { prepare_halves<SquaredEuclidean>(arguments); }

TERCET_KERNEL(prepare_halves_cosine, kMmaThreads, 1, PrepareHalvesArguments) { prepare_halves<Cosine>(arguments); }

}  // namespace tercet
