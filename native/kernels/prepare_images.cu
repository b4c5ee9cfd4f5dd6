// Rows as float16 images for wgmma, and how far the rounding is from them. Runs after prepare, whose norms and largest term it needs.
#include "arguments.h"
#include "exact.h"
#include "tercet/device.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"
#include "tile_wgmma.h"

namespace tercet {

constexpr int kImagesThreads = 256;
// Pieces of 8 components of an image, and rows of a thread: its pieces stand at one place of each.
constexpr int kImagePieces = kImageDepth / 8;
constexpr int kImageThreadRows = kPanelRows * kImagePieces / kImagesThreads;
// Rows much shorter than the longest are measured against a part of it.
constexpr double kShortestMeasured = 1.0 / 256.0;

// Eight components of a row from k on, 0 from the row's end on; by two loads where all rows are aligned to 16 bytes.
TERCET_DEVICE void load_piece(const float* row, int depth, int k, bool is_aligned, float (&values)[8]) {
    if (is_aligned && k + 8 <= depth) {
        const auto* pieces = reinterpret_cast<const device::Float4*>(row + k);
        const device::Float4 low = pieces[0], high = pieces[1];
        values[0] = low.x, values[1] = low.y, values[2] = low.z, values[3] = low.w;
        values[4] = high.x, values[5] = high.y, values[6] = high.z, values[7] = high.w;
        return;
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        values[i] = k + i < depth ? row[k + i] : 0.0f;
    }
}

template <typename Metric>
TERCET_DEVICE void prepare_images(const PrepareImagesArguments& arguments) {
    const PackedRows& rows = arguments.rows;
    const int first = device::block() * kPanelRows, piece = device::thread() % kImagePieces, steps = image_steps(rows.depth);
    const double common = static_cast<double>(power_of_two(image_exponent<Metric>(*arguments.largest)));
    const double longest = Metric::kUnitRows ? 1.0 : square_root(static_cast<double>(from_ordered_bits(*arguments.largest)));
    unsigned char* images = static_cast<unsigned char*>(arguments.images) + static_cast<long long>(device::block()) * steps * kImageBytes;
    const bool is_aligned = (reinterpret_cast<uint64>(rows.source) & 15u) == 0 && rows.stride % 4 == 0;
    float residuals[kImageThreadRows] = {};
    for (int step = 0; step < steps; ++step, images += kImageBytes) {
#pragma unroll
        for (int part = 0; part < kImageThreadRows; ++part) {
            const int row = device::thread() / kImagePieces + part * (kImagesThreads / kImagePieces), position = first + row;
            const int start = step * kImageDepth + piece * 8;
            const double norm = rows.norms[position];
            const double scale = common * unit_scale<Metric>(norm);
            float values[8] = {};
            if (position < rows.count) {
                load_piece(source_row(rows, position), rows.depth, start, is_aligned, values);
            }
            uint32 words[4];
#pragma unroll
            for (int pair = 0; pair < 4; ++pair) {
                uint32 halves[2];
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    const double value = static_cast<double>(values[pair * 2 + i]) * scale;
                    halves[i] = device::to_half(static_cast<float>(value));
                    const auto rest = static_cast<float>(value - static_cast<double>(device::from_half(halves[i])));
                    residuals[part] += rest * rest;
                }
                words[pair] = halves[0] | halves[1] << 16;
            }
            *reinterpret_cast<device::Uint4*>(images + swizzled_piece(row, piece)) = {words[0], words[1], words[2], words[3]};
        }
    }
#pragma unroll
    for (int part = 0; part < kImageThreadRows; ++part) {
        float squared = residuals[part];
        for (int mask = 1; mask < kImagePieces; mask <<= 1) {
            squared += device::shuffle_xor(squared, mask);
        }
        const int position = first + device::thread() / kImagePieces + part * (kImagesThreads / kImagePieces);
        if (piece == 0 && position < rows.count) {
            const double length = Metric::kUnitRows ? 1.0 : rows.norms[position], least = kShortestMeasured * longest;
            const double ratio = square_root(static_cast<double>(squared)) / (common * (length > least ? length : least));
            // What float32 sums of squares may have lost, and nothing where nothing was: a row of zeros in a batch of such.
            device::atomic_max(arguments.residual, squared > 0.0f ? ordered_bits(static_cast<float>(ratio * 1.001)) : ordered_bits(0.0f));
        }
    }
}

TERCET_KERNEL(prepare_images_squared_euclidean, kImagesThreads, 1, PrepareImagesArguments) { prepare_images<SquaredEuclidean>(arguments); }

TERCET_KERNEL(prepare_images_cosine, kImagesThreads, 1, PrepareImagesArguments) { prepare_images<Cosine>(arguments); }

}  // namespace tercet
