// The metrics, under the names of Tercet.Mining.DistanceMetric.
//
// Each metric is a struct of static functions, so that a kernel takes it as a template argument:
//   key       float32, what a kernel's tile computes from a dot product and the two rows' terms: it orders rows as the metric does;
//   term      what a row adds to its keys, from its squared norm; kUnitRows says whether the dot products are of rows scaled to unit norm;
//   from_dot  float32, what a tile computes from a dot product and the two rows' squared norms; never below 0, and never −0;
//   exact     float64 over float32 rows of `depth` components, summed in ascending order: the value that decides and is reported.
// All components must be finite; kernels check that before they start.
#pragma once

#include "tercet/host_device.h"

namespace tercet {

namespace detail {

// `‖x‖² + ‖y‖² − 2x·y` cancels where rows nearly coincide and may come out below 0. The comparison also turns −0 into +0, whose bits
// order as an unsigned number.
TERCET_HOST_DEVICE float clamp_below_zero(float value) { return value > 0.0f ? value : 0.0f; }

TERCET_HOST_DEVICE double clamp_below_zero(double value) { return value > 0.0 ? value : 0.0; }

TERCET_HOST_DEVICE double dot(const float* x, const float* y, int depth) {
    double sum = 0.0;
    for (int k = 0; k < depth; ++k) {
        sum += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    }
    return sum;
}

}  // namespace detail

// ‖x − y‖²: FaceNet's unit.
struct SquaredEuclidean {
    static constexpr bool kUnitRows = false;

    static TERCET_HOST_DEVICE float term(double squared_norm) { return static_cast<float>(squared_norm); }

    static TERCET_HOST_DEVICE float key(float dot, float x_term, float y_term) {
        return detail::clamp_below_zero(x_term + y_term - 2.0f * dot);
    }

    static TERCET_HOST_DEVICE float from_dot(float dot, float x_squared_norm, float y_squared_norm) {
        return detail::clamp_below_zero(x_squared_norm + y_squared_norm - 2.0f * dot);
    }

    static TERCET_HOST_DEVICE double exact(const float* x, const float* y, int depth) {
        double sum = 0.0;
        for (int k = 0; k < depth; ++k) {
            const double difference = static_cast<double>(x[k]) - static_cast<double>(y[k]);
            sum += difference * difference;
        }
        return sum;
    }
};

// ‖x − y‖. Its keys are those of SquaredEuclidean.
struct Euclidean {
    static TERCET_HOST_DEVICE float from_dot(float dot, float x_squared_norm, float y_squared_norm) {
        return square_root(SquaredEuclidean::from_dot(dot, x_squared_norm, y_squared_norm));
    }

    static TERCET_HOST_DEVICE double exact(const float* x, const float* y, int depth) {
        return square_root(SquaredEuclidean::exact(x, y, depth));
    }
};

// 1 − x·y / (‖x‖‖y‖), in [0, 2]; a row of zeros is at distance 1 from every row, itself included.
struct Cosine {
    static constexpr bool kUnitRows = true;

    static TERCET_HOST_DEVICE float term(double) { return 0.5f; }

    static TERCET_HOST_DEVICE float key(float dot, float x_term, float y_term) {
        return detail::clamp_below_zero(x_term + y_term - dot);
    }

    static TERCET_HOST_DEVICE float from_dot(float dot, float x_squared_norm, float y_squared_norm) {
        // One root per row, not the root of the product, which would leave the range of float32 for norms above 2³².
        const float norms = square_root(x_squared_norm) * square_root(y_squared_norm);
        return norms > 0.0f ? detail::clamp_below_zero(1.0f - dot / norms) : 1.0f;
    }

    static TERCET_HOST_DEVICE double exact(const float* x, const float* y, int depth) {
        const double norms = square_root(detail::dot(x, x, depth)) * square_root(detail::dot(y, y, depth));
        return norms > 0.0 ? detail::clamp_below_zero(1.0 - detail::dot(x, y, depth) / norms) : 1.0;
    }
};

}  // namespace tercet
