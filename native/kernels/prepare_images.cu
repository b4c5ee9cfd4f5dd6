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

template <typename Metric>
TERCET_DEVICE void prepare_images(const PrepareImagesArguments& arguments) {
    const PackedRows& rows = arguments.rows;
    const int first = device::block() * kPanelRows, piece = device::thread() % kImagePieces, steps = image_steps(rows.depth);
    const double common = static_cast<double>(power_of_two(image_exponent<Metric>(*arguments.largest)));
    const double longest = Metric::kUnitRows ? 1.0 : square_root(static_cast<double>(from_ordered_bits(*arguments.largest)));
    unsigned char* images = static_cast<unsigned char*>(arguments.images) + static_cast<long long>(device::block()) * steps * kImageBytes;
    float residuals[kImageThreadRows] = {};
    for (int step = 0; step < steps; ++step, images += kImageBytes) {
#pragma unroll
        for (int part = 0; part < kImageThreadRows; ++part) {
            const int row = device::thread() / kImagePieces + part * (kImagesThreads / kImagePieces), position = first + row;
            const int start = step * kImageDepth + piece * 8;
            const double norm = rows.norms[position];
            const double scale = common * unit_scale<Metric>(norm);
            uint32 words[4];
#pragma unroll
            for (int pair = 0; pair < 4; ++pair) {
                uint32 halves[2];
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    const int k = start + pair * 2 + i;
                    const double value = position < rows.count && k < rows.depth ? static_cast<double>(source_row(rows, position)[k]) * scale : 0.0;
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
