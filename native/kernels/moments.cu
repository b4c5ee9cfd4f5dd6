// The first and second moments of a side's rows in float64, in an order of their own: what the statistics are made of. Runs after prepare, whose norms it needs.
#include "arguments.h"
#include "exact.h"
#include "tercet/device.h"
#include "tercet/metric.h"

namespace tercet {

constexpr int kMomentsThreads = 256;
constexpr int kRowLanes = kMomentsThreads / kMomentDimensions;

struct SumPair {
    double rows, unit_rows;
};

struct MomentsStorage {
    SumPair sums[kMomentsThreads];
};

// Adds up what the threads hold, each with those a distance away, the first thread last: the same order whoever is first.
TERCET_DEVICE void add_up(MomentsStorage& storage, int nearest) {
    for (int distance = kMomentsThreads / 2; distance >= nearest; distance /= 2) {
        device::barrier();  // every sum is there
        if (device::thread() < distance) {
            SumPair& own = storage.sums[device::thread()];
            const SumPair& other = storage.sums[device::thread() + distance];
            own = {device::add(own.rows, other.rows), device::add(own.unit_rows, other.unit_rows)};
        }
    }
    device::barrier();  // the sums are taken
}

// One block takes 32 dimensions of one segment of rows; that of the first dimensions its norms as well.
template <typename Metric>
TERCET_DEVICE void sum_columns(const MomentsArguments& arguments) {
    TERCET_SHARED(MomentsStorage, storage);
    const PackedRows& rows = arguments.rows;
    const int segment = device::block_row(), first = segment * kMomentRows, thread = device::thread();
    const int end = first + kMomentRows < rows.count ? first + kMomentRows : rows.count;
    const int k = device::block() * kMomentDimensions + thread % kMomentDimensions;
    SumPair sums = {0.0, 0.0};
    for (int position = first + thread / kMomentDimensions; position < end && k < rows.depth; position += kRowLanes) {
        const double value = static_cast<double>(source_row(rows, position)[k]);
        sums.rows = device::add(sums.rows, value);
        if (Metric::kUnitRows && rows.norms[position] > 0.0) {
            sums.unit_rows = device::add(sums.unit_rows, value / rows.norms[position]);
        }
    }
    storage.sums[thread] = sums;
    add_up(storage, kMomentDimensions);
    if (thread < kMomentDimensions) {
        double* partial = arguments.partial_sums + (static_cast<long long>(segment) * device::blocks() * kMomentDimensions + k) * 2;
        partial[0] = storage.sums[thread].rows;
        partial[1] = storage.sums[thread].unit_rows;
    }
    if (device::block() != 0) {
        return;
    }
    device::barrier();  // sums may be overwritten
    sums = {0.0, 0.0};
    for (int position = first + thread; position < end; position += kMomentsThreads) {
        const double norm = rows.norms[position];
        sums.rows = device::multiply_add(norm, norm, sums.rows);
        sums.unit_rows = device::add(sums.unit_rows, norm > 0.0 ? 1.0 : 0.0);
    }
    storage.sums[thread] = sums;
    add_up(storage, 1);
    if (thread == 0) {
        arguments.partial_norms[segment * 2] = storage.sums[0].rows;
        arguments.partial_norms[segment * 2 + 1] = storage.sums[0].unit_rows;
    }
}

TERCET_KERNEL(moments_squared_euclidean, kMomentsThreads, 4, MomentsArguments) { sum_columns<SquaredEuclidean>(arguments); }

TERCET_KERNEL(moments_cosine, kMomentsThreads, 4, MomentsArguments) { sum_columns<Cosine>(arguments); }

// One block: the segments' sums in ascending order, and the squares of what they come to.
TERCET_KERNEL(moments_finish, kMomentsThreads, 4, MomentsArguments) {
    TERCET_SHARED(MomentsStorage, storage);
    const int dimensions = (arguments.rows.depth + kMomentDimensions - 1) / kMomentDimensions * kMomentDimensions, thread = device::thread();
    const int segments = (arguments.rows.count + kMomentRows - 1) / kMomentRows;
    SumPair squares = {0.0, 0.0};
    for (int k = thread; k < dimensions; k += kMomentsThreads) {
        SumPair sums = {0.0, 0.0};
#pragma unroll 8
        for (int segment = 0; segment < segments; ++segment) {
            const double* partial = arguments.partial_sums + (static_cast<long long>(segment) * dimensions + k) * 2;
            sums = {device::add(sums.rows, partial[0]), device::add(sums.unit_rows, partial[1])};
        }
        squares = {device::multiply_add(sums.rows, sums.rows, squares.rows), device::multiply_add(sums.unit_rows, sums.unit_rows, squares.unit_rows)};
    }
    storage.sums[thread] = squares;
    add_up(storage, 1);
    if (thread == 0) {
        arguments.moments->sum_of_rows_squared = storage.sums[0].rows;
        arguments.moments->sum_of_unit_rows_squared = storage.sums[0].unit_rows;
    }
    device::barrier();  // sums may be overwritten
    SumPair norms = {0.0, 0.0};
    for (int segment = thread; segment < segments; segment += kMomentsThreads) {
        norms = {device::add(norms.rows, arguments.partial_norms[segment * 2]), device::add(norms.unit_rows, arguments.partial_norms[segment * 2 + 1])};
    }
    storage.sums[thread] = norms;
    add_up(storage, 1);
    if (thread == 0) {
        arguments.moments->squared_norms = storage.sums[0].rows;
        arguments.moments->non_zero_rows = storage.sums[0].unit_rows;
        arguments.moments->first_bad = *arguments.first_bad;
        arguments.moments->first_bad_anchor = *arguments.first_bad_anchor;
    }
}

// Looks at rows that are not prepared, such as anchors without a positive: the lowest of the caller's rows that no key can be made of.
TERCET_KERNEL(check_rows, kMomentsThreads, 4, CheckRowsArguments) {
    const int half_warp = (device::block() * kMomentsThreads + device::thread()) / kPairLanes, step = device::blocks() * kMomentsThreads / kPairLanes;
    // Both halves of a warp go on as long as one of them has a row.
    for (int first = half_warp & ~1; first < arguments.count; first += step) {
        const int row = first + (half_warp & 1), known = row < arguments.count ? row : arguments.count - 1;
        const float* source = arguments.source + static_cast<long long>(known) * arguments.depth;
        const double squared_norm = exact_dot(source, source, arguments.depth);
        if (device::thread() % kPairLanes == 0 && !(squared_norm <= kLargestSquaredNorm)) {
            device::atomic_max(arguments.first_bad, ~static_cast<uint32>(known));
        }
    }
}

}  // namespace tercet
