#include "mining_problem.h"

#include <algorithm>
#include <numeric>

namespace test {

namespace {

// As in native/kernels/tile_wgmma.h: three warp groups, and fourteen images with their barriers; two blocks a cluster.
constexpr int kWarpGroupThreads = 384, kWarpGroupBytes = 14 * 16384 + 336, kClusterBlocks = 2;

template <typename T>
std::size_t at(T index) {
    return static_cast<std::size_t>(index);
}

}  // namespace

MiningProblem::MiningProblem(const Matrix& gallery, Metric metric, bool symmetric) : anchors_(gallery), gallery_(gallery), metric_(metric), symmetric_(symmetric) {
    order_gallery();
    if (symmetric) {
        for (int row : std::vector<int>(gallery_rows_)) {
            add_anchor(row, gallery_.labels[at(row)], position_of_row_[at(row)]);
        }
    } else {
        for (int row = 0; row < gallery_.count; ++row) {
            add_anchor(row, gallery_.labels[at(row)], position_of_row_[at(row)]);
        }
    }
    make_sides();
}

MiningProblem::MiningProblem(const Matrix& anchors, const Matrix& gallery, Metric metric) : anchors_(anchors), gallery_(gallery), metric_(metric), symmetric_(false) {
    order_gallery();
    for (int row = 0; row < anchors_.count; ++row) {
        add_anchor(row, anchors_.labels[at(row)], tercet::kNothing);
    }
    make_sides();
}

void MiningProblem::order_gallery() {
    gallery_rows_.resize(at(gallery_.count));
    std::iota(gallery_rows_.begin(), gallery_rows_.end(), 0);
    std::unordered_map<int, int> members;
    for (int label : gallery_.labels) {
        ++members[label];
    }
    // In the symmetric form rows of labels that have an anchor stand first, so that anchors are a prefix.
    std::stable_sort(gallery_rows_.begin(), gallery_rows_.end(), [&](int left, int right) {
        const int left_label = gallery_.labels[at(left)], right_label = gallery_.labels[at(right)];
        const bool left_last = symmetric_ && members[left_label] < 2, right_last = symmetric_ && members[right_label] < 2;
        return left_last != right_last ? right_last : left_label < right_label;
    });
    position_of_row_.resize(at(gallery_.count));
    for (int position = 0; position < gallery_count(); ++position) {
        const int row = gallery_rows_[at(position)], label = gallery_.labels[at(row)];
        position_of_row_[at(row)] = position;
        interval_of_label_.emplace(label, std::pair<int, int>(position, position + members[label]));
    }
}

void MiningProblem::add_anchor(int row, int label, int self) {
    const auto interval = interval_of_label_.find(label);
    const int first = interval == interval_of_label_.end() ? 0 : interval->second.first;
    const int end = interval == interval_of_label_.end() ? 0 : interval->second.second;
    const int members = end - first;
    if (members <= (self >= 0 ? 1 : 0) || members == gallery_count()) {
        return;
    }
    anchor_rows_.push_back(row);
    starts_.push_back(first);
    ends_.push_back(end);
    selves_.push_back(self);
}

void MiningProblem::make_sides() {
    gallery_side_ = std::make_unique<Side>(gallery_, gallery_rows_);
    if (!symmetric_ && !anchor_rows_.empty()) {
        anchor_side_ = std::make_unique<Side>(anchors_, anchor_rows_);
    }
}

tercet::PackedRows MiningProblem::anchor_packed() const {
    tercet::PackedRows rows = anchor_side().rows();
    rows.count = anchor_count();
    return rows;
}

bool MiningProblem::run(const char* kernel, int blocks, int block_rows, const void* arguments, int threads, int dynamic_bytes) {
    return run_plain((std::string(kernel) + (metric_ == Metric::kCosine ? "_cosine" : "_squared_euclidean")).c_str(), blocks, block_rows, arguments, threads, dynamic_bytes);
}

bool MiningProblem::run_plain(const char* kernel, int blocks, int block_rows, const void* arguments, int threads, int dynamic_bytes) {
    const char* fault = machine().launch(kernel, blocks, block_rows, arguments, threads, dynamic_bytes);
    if (fault != nullptr) {
        std::fprintf(stderr, "%s: %s\n", kernel, fault);
    }
    return fault == nullptr;
}

bool MiningProblem::prepare() {
    bool good = true;
    for (Side* side : {gallery_side_.get(), anchor_side_.get()}) {
        if (side != nullptr) {
            tercet::PrepareArguments arguments = {side->rows(), side->panels.data.get(), side->terms.data.get(), side->norms.data.get(), largest_of(*side), side->first_bad.data.get()};
            good = good && run("prepare", side->panel_count, 1, &arguments);
            if (unit_ == Unit::kTensorCores) {
                tercet::PrepareHalvesArguments halves = {side->rows(), side->fragments.data.get(), side->inverse_scales.data.get()};
                good = good && run("prepare_halves", side->panel_count, 1, &halves);
            }
        }
    }
    // When the largest term of both sides is known.
    for (Side* side : {gallery_side_.get(), anchor_side_.get()}) {
        if (side != nullptr && unit_ == Unit::kWarpGroups) {
            tercet::PrepareImagesArguments images = {side->rows(), largest_of(*side), side->images.data.get(), gallery_side_->residual.data.get()};
            good = good && run("prepare_images", side->panel_count, 1, &images);
        }
    }
    return good;
}

// Images have one scale for both sides.
tercet::uint32* MiningProblem::largest_of(Side& side) { return (unit_ == Unit::kWarpGroups ? *gallery_side_ : side).largest.data.get(); }

tercet::Tolerance MiningProblem::device_tolerance() const {
    // As in CudaPlan.
    const int padded = (gallery_.depth + 15) / 16 * 16;
    const double roundings = unit_ == Unit::kTensorCores ? padded / 16 + 61 : unit_ == Unit::kWarpGroups ? 2.5 * padded + 9 : gallery_.depth + 8;
    const double slope = 1.01 * roundings / (1 << 24);
    return {gallery_side_->largest.data.get(), unit_ == Unit::kWarpGroups ? gallery_side_->residual.data.get() : nullptr, static_cast<float>(slope), static_cast<float>(2.02 * (0.5 * gallery_.depth + 4) * 1.5e-45)};
}

MiningProblem::ClassTables::ClassTables(const MiningProblem& problem) : starts(problem.starts_.size()), ends(starts.size), selves(starts.size) {
    std::copy(problem.starts_.begin(), problem.starts_.end(), starts.data.get());
    std::copy(problem.ends_.begin(), problem.ends_.end(), ends.data.get());
    std::copy(problem.selves_.begin(), problem.selves_.end(), selves.data.get());
}

bool MiningProblem::find_extremes(int wanted, std::vector<int> (&found)[tercet::kKinds]) {
    const std::size_t anchors = at(anchor_count());
    std::vector<std::unique_ptr<Buffer<tercet::uint32>>> best;
    std::vector<std::unique_ptr<Buffer<int>>> counts, answers;
    std::vector<std::unique_ptr<Buffer<tercet::uint64>>> candidates;
    tercet::ExtremesArguments arguments = {};
    const ClassTables classes(*this);
    arguments.anchors = anchor_packed();
    arguments.gallery = gallery_side_->rows();
    arguments.classes = classes.classes();
    arguments.tolerance = device_tolerance();
    arguments.anchor_halves = anchor_side().halves();
    arguments.gallery_halves = gallery_side_->halves();
    Buffer<double> keys(anchors * tercet::kKinds, std::nan(""));
    arguments.keys = keys.data.get();
    arguments.wanted = wanted;
    arguments.symmetric = symmetric_ ? 1 : 0;
    for (int kind = 0; kind < tercet::kKinds; ++kind) {
        const std::size_t length = (wanted >> kind & 1) != 0 ? anchors : 0;
        best.push_back(std::make_unique<Buffer<tercet::uint32>>(length, 0xFFFFFFFFu));
        counts.push_back(std::make_unique<Buffer<int>>(length, 0));
        candidates.push_back(std::make_unique<Buffer<tercet::uint64>>(length * tercet::kCandidates));
        answers.push_back(std::make_unique<Buffer<int>>(length, -7));
        arguments.kinds[kind] = {best.back()->data.get(), counts.back()->data.get(), candidates.back()->data.get(), answers.back()->data.get()};
    }
    const int panels = (anchor_count() + tercet::kPanelRows - 1) / tercet::kPanelRows;
    const int tiles = symmetric_ ? panels * (panels + 1) / 2 + panels * (gallery_side_->panel_count - panels) : panels * gallery_side_->panel_count;
    bool good = false;
    if (unit_ == Unit::kWarpGroups) {
        arguments.anchor_halves.fragments = anchor_side().images.data.get();
        arguments.gallery_halves.fragments = gallery_side_->images.data.get();
        good = run("extremes_wgmma", clusters_ * kClusterBlocks, 1, &arguments, kWarpGroupThreads, kWarpGroupBytes);
    } else {
        good = run(unit_ == Unit::kTensorCores ? "extremes_mma" : "extremes", tiles, 1, &arguments);
    }
    good = good && run("decide", (anchor_count() + 15) / 16, tercet::kKinds, &arguments);
    rescanned_ = 0;
    for (const auto& answer : answers) {
        rescanned_ += static_cast<int>(std::count(answer->data.get(), answer->data.get() + answer->size, tercet::kUndecided));
    }
    imprecise_ = 0;
    for (int kind = 0; good && kind < tercet::kKinds; ++kind) {
        for (std::size_t anchor = 0; anchor < counts[at(kind)]->size; ++anchor) {
            const int kept = std::min((*counts[at(kind)])[anchor], tercet::kCandidates);
            for (int slot = 0; slot < kept; ++slot) {
                const tercet::uint64 candidate = (*candidates[at(kind)])[anchor * tercet::kCandidates + at(slot)];
                const double score = static_cast<double>(tercet::from_ordered_bits(static_cast<tercet::uint32>(candidate >> 32)));
                const double exact = exact_key(static_cast<int>(anchor), static_cast<int>(tercet::row_of(candidate)));
                imprecise_ += std::fabs(std::fabs(score) - exact) > tolerance(static_cast<int>(anchor)) ? 1 : 0;
            }
        }
    }
    good = good && run("rescan", std::min(anchor_count(), 40), tercet::kKinds, &arguments) && run("extremes_keys", (anchor_count() + 15) / 16, tercet::kKinds, &arguments);
    for (int kind = 0; kind < tercet::kKinds; ++kind) {
        found[kind].assign(answers[at(kind)]->data.get(), answers[at(kind)]->data.get() + answers[at(kind)]->size);
    }
    wrong_keys_ = 0;
    std::size_t slot = 0;
    for (int kind = 0; kind < tercet::kKinds; ++kind) {
        for (std::size_t anchor = 0; (wanted >> kind & 1) != 0 && anchor < anchors; ++anchor, ++slot) {
            const double expected = found[kind][anchor] < 0 ? std::nan("") : exact_key(static_cast<int>(anchor), found[kind][anchor]);
            wrong_keys_ += std::fabs(keys[slot] - expected) <= 1e-12 * (1.0 + expected) ? 0 : 1;
        }
    }
    return good;
}

bool MiningProblem::find_moments(tercet::Moments& moments) {
    const int segments = (gallery_count() + tercet::kMomentRows - 1) / tercet::kMomentRows;
    const int blocks = (gallery_.depth + tercet::kMomentDimensions - 1) / tercet::kMomentDimensions;
    Buffer<double> sums(at(segments) * at(blocks) * tercet::kMomentDimensions * 2, std::nan("")), norms(at(segments) * 2, std::nan(""));
    Buffer<tercet::Moments> result(1);
    tercet::MomentsArguments arguments = {gallery_side_->rows(), sums.data.get(), norms.data.get(), gallery_side_->first_bad.data.get(), gallery_side_->first_bad.data.get(), result.data.get()};
    const bool good = run("moments", blocks, segments, &arguments) && run_plain("moments_finish", 1, 1, &arguments);
    moments = result[0];
    return good;
}

bool MiningProblem::key_rows(int first_panel, int panels, std::vector<float>& keys) {
    const int rows = std::min(anchor_count() - first_panel * tercet::kPanelRows, panels * tercet::kPanelRows);
    Buffer<float> chunk(at(rows) * at(pitch()), std::nanf(""));
    tercet::KeyRowsArguments arguments = {anchor_packed(), gallery_side_->rows(), chunk.data.get(), pitch(), first_panel};
    const bool good = run("key_rows", gallery_side_->panel_count, panels, &arguments);
    keys.assign(chunk.data.get(), chunk.data.get() + chunk.size);
    return good;
}

double MiningProblem::exact_key(int anchor, int position) const {
    const float* x = anchors_.row(anchor_rows_[at(anchor)]);
    const float* y = gallery_.row(gallery_rows_[at(position)]);
    return metric_ == Metric::kCosine ? tercet::Cosine::exact(x, y, gallery_.depth) : tercet::SquaredEuclidean::exact(x, y, gallery_.depth);
}

double MiningProblem::tolerance(int anchor) const {
    const tercet::Tolerance bound = device_tolerance();
    const double rest = bound.residual == nullptr ? 0.0 : static_cast<double>(tercet::from_ordered_bits(*bound.residual));
    return (static_cast<double>(bound.slope) + rest * (2.01 + 1.01 * rest)) * (static_cast<double>(anchor_side().terms[at(anchor)]) + static_cast<double>(tercet::from_ordered_bits(*bound.largest))) +
        static_cast<double>(bound.constant);
}

int MiningProblem::oracle(int kind, int anchor) const {
    int best = tercet::kNothing;
    double best_key = 0;
    for (int position = 0; position < gallery_count(); ++position) {
        const bool same_label = position >= starts_[at(anchor)] && position < ends_[at(anchor)];
        if (same_label == (kind == tercet::kNearestNegative) || position == selves_[at(anchor)]) {
            continue;
        }
        const double key = exact_key(anchor, position);
        const bool better = kind == tercet::kFarthestPositive ? key > best_key : key < best_key;
        if (best < 0 || better || (key == best_key && gallery_rows_[at(position)] < gallery_rows_[at(best)])) {
            best = position;
            best_key = key;
        }
    }
    return best;
}

int count_wrongly_widened() {
    int wrong = 0;
    for (bool is_float16 : {true, false}) {
        for (std::size_t count : {std::size_t{1}, std::size_t{65535}, std::size_t{65536}}) {
            Buffer<unsigned short> bits(count);
            Buffer<float> values(count, -77.0f);
            for (std::size_t i = 0; i < count; ++i) {
                bits[i] = static_cast<unsigned short>(i);
            }
            tercet::WidenArguments arguments = {bits.data.get(), values.data.get(), static_cast<long long>(count)};
            const char* fault = machine().launch(is_float16 ? "widen_float16" : "widen_bfloat16", 5, 1, &arguments);
            wrong += fault == nullptr ? 0 : 1;
            for (std::size_t i = 0; i < count; ++i) {
                const int exponent = static_cast<int>(i >> 10 & 31u), mantissa = static_cast<int>(i & 1023u);
                const double magnitude = exponent == 31 ? (mantissa == 0 ? HUGE_VAL : std::nan(""))
                    : exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
                const float expected = is_float16 ? static_cast<float>((i & 0x8000u) != 0u ? -magnitude : magnitude)
                    : tercet::float_from_bits(static_cast<tercet::uint32>(i) << 16);
                wrong += std::isnan(expected) ? (std::isnan(values[i]) ? 0 : 1) : (tercet::float_bits(values[i]) == tercet::float_bits(expected) ? 0 : 1);
            }
        }
    }
    return wrong;
}

}  // namespace test
