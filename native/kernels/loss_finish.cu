// What follows the pass over all pairs: each anchor's loss and the number of negatives that violate each of its positives; then the positives' part in the
// gradient, and from the weighted sum S and the sum of weights w of every row its gradient: for the squared distance 2 (S − w x), for its root, whose
// distances the weights hold already, S − w x, for the cosine distance what of S is perpendicular to x, over ‖x‖.
#include "arguments.h"
#include "loss.h"
#include "ranks.h"
#include "tercet/device.h"
#include "tercet/metric.h"

namespace tercet {

TERCET_DEVICE double sum_over_warp(double value) {
    for (int mask = 1; mask < device::kWarp; mask <<= 1) {
        value += device::shuffle_xor(value, mask);
    }
    return value;
}

// One warp an anchor. A negative with c thresholds above it violates the last c.
TERCET_KERNEL(loss_terms, kLossThreads, 2, LossArguments) {
    const Positives& positives = arguments.positives;
    const int warp = (device::block() * kLossThreads + device::thread()) / device::kWarp, warps = device::blocks() * kLossThreads / device::kWarp;
    for (int anchor = warp; anchor < arguments.rows.count; anchor += warps) {
        const long long first = positives.offsets[anchor];
        const int count = positive_count(positives, anchor);
        const int* tallies = arguments.tallies + first + anchor;
        int before = 0;
        uint64 non_zero = 0;
        double loss = 0.0;
        for (int base = 0; base < count; base += device::kWarp) {
            const int rank = base + device::lane();
            int violations = rank < count ? tallies[count - rank] : 0;
            for (int step = 1; step < device::kWarp; step <<= 1) {
                const int lower = device::shuffle(violations, device::lane() - step);
                violations += device::lane() >= step ? lower : 0;
            }
            violations += before;
            before = device::shuffle(violations, device::kWarp - 1);
            if (rank < count) {
                arguments.violations[first + positives.order[first + rank]] = violations;
                loss += static_cast<double>(violations) * device::add(positives.sorted[first + rank], positives.margin);
                non_zero += static_cast<uint64>(violations);
            }
        }
        loss = sum_over_warp(loss);
        for (int mask = 1; mask < device::kWarp; mask <<= 1) {
            non_zero += device::shuffle_xor(non_zero, mask);
        }
        if (device::lane() == 0) {
            arguments.losses[anchor] = loss - arguments.losses[anchor];
            arguments.non_zero[anchor] = non_zero;
        }
    }
}

// The weight of a positive pair, whose sign is opposite to a negative's: how many negatives violate it, seen from either row.
TERCET_DEVICE double positive_weight(const LossArguments& arguments, int row, int other) {
    const Positives& positives = arguments.positives;
    const int start = arguments.classes.starts[row];
    const long long own = positives.offsets[row] + (other - start - (other > row ? 1 : 0));
    const long long others = positives.offsets[other] + (row - start - (row > other ? 1 : 0));
    const double weight = -static_cast<double>(arguments.violations[own] + arguments.violations[others]);
    if (positives.root == 0) {
        return weight;
    }
    // The root has no derivative at 0; 0 is one of its subgradients.
    return positives.values[own] > 0.0 ? weight / positives.values[own] : 0.0;
}

// One warp a row.
template <typename Metric>
TERCET_DEVICE void finish_row(const LossArguments& arguments, int row) {
    const int start = arguments.classes.starts[row], end = arguments.classes.ends[row], depth = arguments.rows.depth, lane = device::lane();
    double weight = 0.0;
    for (int other = start + lane; other < end; other += device::kWarp) {
        weight += other == row ? 0.0 : positive_weight(arguments, row, other);
    }
    weight = arguments.weight_sums[row] + sum_over_warp(weight);

    double dot = 0.0;
    for (int k = lane; k < depth; k += device::kWarp) {
        double sum = static_cast<double>(*sum_at(arguments, row, k));
        for (int other = start; other < end; ++other) {
            sum += other == row ? 0.0 : positive_weight(arguments, row, other) * static_cast<double>(*centred_at(arguments, other, k));
        }
        *sum_at(arguments, row, k) = static_cast<float>(sum);
        const double mean = static_cast<double>(arguments.mean[k]);
        dot += (sum + mean * weight) * (static_cast<double>(*centred_at(arguments, row, k)) + mean);
    }
    dot = sum_over_warp(dot);

    const double norm = arguments.rows.norms[row], factor = arguments.positives.root == 0 ? 2.0 : 1.0;
    for (int k = lane; k < depth; k += device::kWarp) {
        const double sum = static_cast<double>(*sum_at(arguments, row, k)), x = static_cast<double>(*centred_at(arguments, row, k));
        const double mean = static_cast<double>(arguments.mean[k]);
        // A row of zeros has no direction: moving it a little has no defined effect.
        const double value = !Metric::kUnitRows ? (sum - x * weight) * factor : norm > 0.0 ? (sum + mean * weight - (x + mean) * dot) / norm : 0.0;
        arguments.gradient[static_cast<long long>(row) * depth + k] = static_cast<float>(value);
    }
}

template <typename Metric>
TERCET_DEVICE void finish(const LossArguments& arguments) {
    const int warp = (device::block() * kLossThreads + device::thread()) / device::kWarp, warps = device::blocks() * kLossThreads / device::kWarp;
    for (int row = warp; row < arguments.rows.count; row += warps) {
        finish_row<Metric>(arguments, row);
    }
}

TERCET_KERNEL(loss_finish_squared_euclidean, kLossThreads, 2, LossArguments) { finish<SquaredEuclidean>(arguments); }

TERCET_KERNEL(loss_finish_cosine, kLossThreads, 2, LossArguments) { finish<Cosine>(arguments); }

}  // namespace tercet
