// A mining problem on the host: rows and labels, the layout that the engine gives to kernels, the launches that a backend makes, and a float64 oracle.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arguments.h"
#include "machine.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"

namespace test {

enum class Rows { kNormal, kUnit, kLattice, kFewDistinct, kAllEqual, kFarFromOrigin, kBeyondFloat, kTiny, kMixedScale };

enum class Metric { kSquaredEuclidean, kCosine };

// What multiplies the rows of a tile.
enum class Unit { kFloat32, kTensorCores, kWarpGroups };

// Memory that the machine's kernels reach, of exactly the length asked for.
template <typename T>
struct Buffer {
    explicit Buffer(std::size_t length, T value = T{}) : data(static_cast<T*>(machine().allocate(length * sizeof(T)))), size(length) {
        for (std::size_t i = 0; i < length; ++i) {
            data.get()[i] = value;
        }
    }

    T& operator[](std::size_t index) { return data.get()[index]; }
    const T& operator[](std::size_t index) const { return data.get()[index]; }

    struct Release {
        void operator()(T* address) const { machine().release(address); }
    };

    std::unique_ptr<T, Release> data;
    std::size_t size;
};

struct Matrix {
    int count = 0, depth = 0;
    std::vector<float> values;
    std::vector<int> labels;

    const float* row(int index) const { return values.data() + static_cast<std::size_t>(index) * static_cast<std::size_t>(depth); }
};

inline Matrix make_rows(Rows kind, int count, int depth, int label_count, std::mt19937& random) {
    Matrix matrix;
    matrix.count = count;
    matrix.depth = depth;
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> label(0, label_count - 1), lattice(-2, 2), few(0, 4);
    std::vector<float> common(static_cast<std::size_t>(depth) * 5);
    for (float& value : common) {
        value = normal(random);
    }
    for (int i = 0; i < count; ++i) {
        matrix.labels.push_back(label(random));
        const auto which = static_cast<std::size_t>(kind == Rows::kFewDistinct ? few(random) : 0);
        const std::size_t start = matrix.values.size();
        const float scale = std::pow(10.0f, static_cast<float>(lattice(random)) * 3.0f);
        double squared_norm = 0;
        for (std::size_t k = 0; k < static_cast<std::size_t>(depth); ++k) {
            const float shared = common[which * static_cast<std::size_t>(depth) + k];
            const float value = kind == Rows::kLattice ? static_cast<float>(lattice(random))
                : kind == Rows::kFewDistinct || kind == Rows::kAllEqual ? shared
                : kind == Rows::kTiny ? 1e-21f * normal(random)
                : kind == Rows::kMixedScale ? scale * normal(random)
                // Half of the rows have squared norms beyond float32.
                : kind == Rows::kBeyondFloat ? (i % 2 == 0 ? 1e20f : 1.0f) * normal(random)
                : kind == Rows::kFarFromOrigin ? 100.0f * shared + 1e-3f * normal(random)
                : normal(random);
            matrix.values.push_back(value);
            squared_norm += static_cast<double>(value) * static_cast<double>(value);
        }
        for (std::size_t k = start; kind == Rows::kUnit && k < matrix.values.size(); ++k) {
            matrix.values[k] = static_cast<float>(static_cast<double>(matrix.values[k]) / std::sqrt(squared_norm));
        }
    }
    return matrix;
}

// One side of a problem in kernel memory.
struct Side {
    Side(const Matrix& matrix, const std::vector<int>& rows_in_order)
        : panel_count((static_cast<int>(rows_in_order.size()) + tercet::kPanelRows - 1) / tercet::kPanelRows),
          padded_depth((matrix.depth + tercet::kDepthStep - 1) / tercet::kDepthStep * tercet::kDepthStep),
          source(matrix.values.size()), order(rows_in_order.size()),
          panels(static_cast<std::size_t>(panel_count) * tercet::kPanelRows * static_cast<std::size_t>(padded_depth), std::nanf("")),
          terms(static_cast<std::size_t>(panel_count) * tercet::kPanelRows, std::nanf("")),
          norms(static_cast<std::size_t>(panel_count) * tercet::kPanelRows, std::nan("")), largest(1), first_bad(1),
          fragments(static_cast<std::size_t>(panel_count) * static_cast<std::size_t>((matrix.depth + 15) / 16) * kStepWords, 0xFFFFFFFFu),
          inverse_scales(static_cast<std::size_t>(panel_count) * tercet::kPanelRows, std::nanf("")),
          images(static_cast<std::size_t>(panel_count) * static_cast<std::size_t>(tercet::image_steps(matrix.depth)) * tercet::kImageBytes / sizeof(tercet::uint32), 0xFFFFFFFFu),
          residual(1), depth(matrix.depth) {
        std::copy(matrix.values.begin(), matrix.values.end(), source.data.get());
        std::copy(rows_in_order.begin(), rows_in_order.end(), order.data.get());
    }

    tercet::PackedRows rows() const {
        return {source.data.get(), order.data.get(), panels.data.get(), terms.data.get(), norms.data.get(), depth,
                static_cast<int>(order.size), depth, padded_depth, panel_count};
    }

    tercet::HalfPanels halves() const { return {fragments.data.get(), inverse_scales.data.get()}; }

    // 32-bit words of one step of 16 components of one panel: hi and lo.
    static constexpr std::size_t kStepWords = tercet::kPanelRows * 16;

    int panel_count, padded_depth;
    Buffer<float> source;
    Buffer<int> order;
    Buffer<float> panels, terms;
    Buffer<double> norms;
    Buffer<tercet::uint32> largest, first_bad, fragments;
    Buffer<float> inverse_scales;
    Buffer<tercet::uint32> images, residual;
    int depth;
};

// Tables of one element a positive pair.
struct PositiveTables {
    PositiveTables(std::vector<long long> first, double margin_value, bool is_root)
        : offsets(first.size()), values(static_cast<std::size_t>(first.back()), std::nan("")), sorted(values.size, std::nan("")), order(values.size, -1),
          keys(values.size, std::nanf("")), margin_keys(values.size, std::nanf("")), margin(margin_value), root(is_root) {
        std::copy(first.begin(), first.end(), offsets.data.get());
    }

    tercet::Positives positives() const {
        return {offsets.data.get(), values.data.get(), sorted.data.get(), order.data.get(), keys.data.get(), margin_keys.data.get(), margin, root ? 1 : 0};
    }

    Buffer<long long> offsets;
    Buffer<double> values, sorted;
    Buffer<int> order;
    Buffer<float> keys, margin_keys;
    double margin;
    bool root;
};

// What semi-hard mining is asked for, and how.
struct SemiHardRequest {
    double margin;
    bool root, counts, farthest;
    // Panels of anchors done at a time.
    int panels;
};

// By anchor; negatives by positive, in order of position. Gallery positions.
struct SemiHardAnswers {
    std::vector<std::vector<int>> negatives;
    std::vector<int> nearest, farthest;
    std::vector<tercet::uint64> hard, violating;
    int rescanned = 0;
};

// By anchor, [anchors, k]: the caller's gallery rows, and their keys.
struct NearestAnswers {
    std::vector<int> rows;
    std::vector<double> keys;
    // Anchors whose candidates did not fit, and the most that one had.
    int seen_whole = 0, most_candidates = 0;
};

struct LossAnswers {
    double loss = 0;
    tercet::uint64 non_zero = 0;
    // By position, [rows, depth].
    std::vector<double> gradient;

    // Whether terms are the expected ones, the loss within float32 rounding of them, and the gradient within 2e-6 of its largest component; if not, says so.
    bool agree_with(const LossAnswers& expected, Metric metric) const;
};

class MiningProblem {
public:
    // The square form, anchors in the gallery's order where `symmetric`.
    MiningProblem(const Matrix& gallery, Metric metric, bool symmetric);

    // Anchors against a gallery.
    MiningProblem(const Matrix& anchors, const Matrix& gallery, Metric metric);

    // Packs the rows; whether every launch went well.
    bool prepare();

    // Gallery positions by kind and anchor.
    bool find_extremes(int wanted, std::vector<int> (&found)[tercet::kKinds]);

    // What finds extremes; float32 by default. Before prepare.
    void set_unit(Unit unit, int clusters = 3) {
        unit_ = unit;
        clusters_ = clusters;
    }

    // How many anchors were left to the second scan, of all kinds.
    int rescanned() const { return rescanned_; }

    // How many of the keys that the last search gave are not the found row's.
    int wrong_keys() const { return wrong_keys_; }

    // The gallery's moments, and the lowest row that no key can be made of. After prepare.
    bool find_moments(tercet::Moments& moments);

    // How many of the candidates that the last search left have a score farther from float64 than the tolerance says.
    int imprecise() const { return imprecise_; }

    bool key_rows(int first_panel, int panels, std::vector<float>& keys);

    // The exact distances of all positives, and their order.
    bool sort_positives(PositiveTables& tables);
    std::vector<long long> pair_offsets() const;

    bool find_semi_hard(const SemiHardRequest& request, SemiHardAnswers& answers);
    // Adds one anchor's answers, by plain loops.
    void semi_hard_oracle(const SemiHardRequest& request, int anchor, SemiHardAnswers& answers) const;
    std::vector<int> positives_of(int anchor) const;
    double value(int anchor, int position, bool root) const;

    // The k nearest rows of every anchor, some panels of anchors at a time; a row of the square form is its own nearest.
    bool find_nearest(int k, int panels, NearestAnswers& answers);
    int count_wrong_nearest(int k, const NearestAnswers& answers, int step) const;

    // Makes every row of the symmetric form an anchor, those without a positive too. Before prepare.
    void add_every_row();
    // The loss over all triplets, some panels of columns at a time.
    bool sum_terms(double margin, bool root, bool wants_gradient, int panels, LossAnswers& answers);
    LossAnswers loss_oracle(double margin, bool root) const;

    double exact_key(int anchor, int position) const;
    double tolerance(int anchor) const;
    // By plain loops; kNothing where there is none.
    int oracle(int kind, int anchor) const;

    int anchor_count() const { return static_cast<int>(anchor_rows_.size()); }
    int gallery_count() const { return static_cast<int>(gallery_rows_.size()); }
    const Side& gallery_side() const { return *gallery_side_; }
    long long pitch() const { return static_cast<long long>(gallery_side_->panel_count) * tercet::kPanelRows; }

private:
    bool is_negative(int anchor, int position) const;
    void order_gallery();
    void add_anchor(int row, int label, int self);
    void make_sides();
    bool run(const char* kernel, int blocks, int block_rows, const void* arguments, int threads = 256, int dynamic_bytes = 0);
    // A kernel that is the same for all metrics.
    bool run_plain(const char* kernel, int blocks, int block_rows, const void* arguments, int threads = 256, int dynamic_bytes = 0);
    tercet::Tolerance device_tolerance() const;
    tercet::uint32* largest_of(Side& side);
    const Side& anchor_side() const { return symmetric_ ? *gallery_side_ : *anchor_side_; }
    tercet::PackedRows anchor_packed() const;
    // Labels' intervals in kernel memory.
    struct ClassTables {
        explicit ClassTables(const MiningProblem& problem);
        tercet::Classes classes() const { return {starts.data.get(), ends.data.get(), selves.data.get()}; }

        Buffer<int> starts, ends, selves;
    };

    Matrix anchors_, gallery_;
    Metric metric_;
    bool symmetric_;
    Unit unit_ = Unit::kFloat32;
    // Of blocks, in the pass by warp groups.
    int clusters_ = 0;
    std::vector<int> gallery_rows_, anchor_rows_;
    std::vector<int> starts_, ends_, selves_, position_of_row_;
    std::unordered_map<int, std::pair<int, int>> interval_of_label_;
    std::unique_ptr<Side> gallery_side_, anchor_side_;
    int rescanned_ = 0;
    int imprecise_ = 0;
    int wrong_keys_ = 0;
};

// Widens all 65,536 patterns of 16 bits, and an odd number of them; how many come out other than they should. NaN must stay NaN.
int count_wrongly_widened();

// How many answers differ from the oracle's, of every step-th anchor.
int count_wrong(const MiningProblem& problem, const SemiHardRequest& request, const SemiHardAnswers& answers, int step);

}  // namespace test
