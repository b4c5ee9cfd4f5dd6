// Prepares rows for the tile kernels: gathers them in the layout's order, transposes them into panels, and takes their norms.
#include "arguments.h"
#include "exact.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"

namespace tercet {

constexpr int kPrepareThreads = 256;

struct PrepareStorage {
    double scales[kPanelRows];
    // One column to spare, so that reading a column of the square touches 32 banks.
    float square[kPanelRows][device::kWarp + 1];
};

// Norms by half warps: rows past the last get an infinite term, which keeps every key of theirs out of every minimum.
template <typename Metric>
TERCET_DEVICE void take_norms(const PrepareArguments& arguments, int first, PrepareStorage& storage) {
    const PackedRows& rows = arguments.rows;
    const int half_warp = device::thread() / kPairLanes;
    for (int row = half_warp; row < kPanelRows; row += kPrepareThreads / kPairLanes) {
        const int position = first + row;
        const bool exists = position < rows.count;
        const float* source = source_row(rows, exists ? position : rows.count - 1);
        const double squared_norm = exact_dot(source, source, rows.depth);
        if (device::thread() % kPairLanes != 0) {
            continue;
        }
        const double norm = exists ? square_root(squared_norm) : 0.0;
        const float term = exists ? Metric::term(squared_norm) : device::infinity();
        arguments.terms[position] = term;
        arguments.norms[position] = norm;
        storage.scales[row] = unit_scale<Metric>(norm);
        if (exists) {
            device::atomic_max(arguments.largest, ordered_bits(term));
            if (!(squared_norm <= kLargestSquaredNorm)) {
                device::atomic_max(arguments.first_bad, ~static_cast<uint32>(rows.order[position]));
            }
        }
    }
}

template <typename Metric>
TERCET_DEVICE void prepare(const PrepareArguments& arguments) {
    TERCET_SHARED(PrepareStorage, storage);
    const PackedRows& rows = arguments.rows;
    const int first = device::block() * kPanelRows;
    take_norms<Metric>(arguments, first, storage);
    device::barrier();  // scales are there

    float* panel = arguments.panels + static_cast<long long>(first) * rows.padded_depth;
    const int warp = device::thread() / device::kWarp, lane = device::lane();
    for (int start = 0; start < rows.padded_depth; start += device::kWarp) {
        for (int row = warp; row < kPanelRows; row += kPrepareThreads / device::kWarp) {
            const int position = first + row, k = start + lane;
            float value = 0.0f;
            if (position < rows.count && k < rows.depth) {
                value = source_row(rows, position)[k];
                if (Metric::kUnitRows) {
                    value = static_cast<float>(static_cast<double>(value) * storage.scales[row]);
                }
            }
            storage.square[row][lane] = value;
        }
        device::barrier();  // the square is full
        for (int item = device::thread(); item < device::kWarp * kPanelRows; item += kPrepareThreads) {
            const int k = start + item / kPanelRows, row = item % kPanelRows;
            if (k < rows.padded_depth) {
                panel[static_cast<long long>(k) * kPanelRows + row] = storage.square[row][item / kPanelRows];
            }
        }
        device::barrier();  // the square may be overwritten
    }
}

TERCET_KERNEL(prepare_squared_euclidean, kPrepareThreads, 2, PrepareArguments) { prepare<SquaredEuclidean>(arguments); }

TERCET_KERNEL(prepare_cosine, kPrepareThreads, 2, PrepareArguments) { prepare<Cosine>(arguments); }

}  // namespace tercet
