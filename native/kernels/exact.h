// Keys in float64: what decides between rows whose float32 keys are too close to call.
//
// Sixteen lanes sum one pair in the order of the CPU's ExactDistance: two sums of eight lanes over the dimensions, each product fused with its addition, then
// the lanes in pairs, then the rest one by one, nothing fused. So the two backends decide by the same bits.
#pragma once

#include "arguments.h"
#include "tercet/device.h"
#include "tercet/metric.h"

namespace tercet {

constexpr int kPairLanes = 16;

// What makes a unit row of one of this norm, where the metric asks for it; rows of zeros stay.
template <typename Metric>
TERCET_DEVICE double unit_scale(double norm) { return Metric::kUnitRows && norm > 0.0 ? 1.0 / norm : 1.0; }

// A product's two factors.
struct Factors {
    double x;
    double y;
};

// The sum of the products of factors_of(k), k below depth; the whole warp must call it.
template <typename FactorsOf>
TERCET_DEVICE double sum_over_lanes(int depth, FactorsOf factors_of) {
    const int lane = device::thread() & (kPairLanes - 1);
    double sum = 0.0;
    int k = 0;
    // Unrolled further the loads would take registers that the fused kernels have not got.
#pragma unroll 2
    for (; k + kPairLanes <= depth; k += kPairLanes) {
        const Factors factors = factors_of(k + lane);
        sum = device::multiply_add(factors.x, factors.y, sum);
    }
    sum = device::add(sum, device::shuffle_xor(sum, 8));
    sum = device::add(sum, device::shuffle_xor(sum, 1));
    sum = device::add(sum, device::shuffle_xor(sum, 2));
    sum = device::add(sum, device::shuffle_xor(sum, 4));
#pragma unroll 1
    for (; k < depth; ++k) {
        const Factors factors = factors_of(k);
        sum = device::add(sum, device::multiply(factors.x, factors.y));
    }
    return sum;
}

// Σ x·y by sixteen lanes; the whole warp must call it, each half for a pair of its own.
TERCET_DEVICE double exact_dot(const float* x, const float* y, int depth) {
    return sum_over_lanes(depth, [=](int k) { return Factors{static_cast<double>(x[k]), static_cast<double>(y[k])}; });
}

TERCET_DEVICE const float* source_row(const PackedRows& rows, int position) {
    return rows.source + static_cast<long long>(rows.order[position]) * rows.stride;
}

// The key of one pair by sixteen lanes; the whole warp must call it, each half for a pair of its own.
template <typename Metric>
TERCET_DEVICE double exact_key(const PackedRows& anchors, int anchor, const PackedRows& gallery, int position) {
    const float* x = source_row(anchors, anchor);
    const float* y = source_row(gallery, position);
    if (Metric::kUnitRows) {
        const double dot = exact_dot(x, y, gallery.depth);
        const double norms = device::multiply(anchors.norms[anchor], gallery.norms[position]);
        return norms == 0.0 ? 1.0 : device::add(1.0, -(dot / norms));
    }
    return sum_over_lanes(gallery.depth, [=](int k) {
        const double difference = device::add(static_cast<double>(x[k]), -static_cast<double>(y[k]));
        return Factors{difference, difference};
    });
}

}  // namespace tercet
