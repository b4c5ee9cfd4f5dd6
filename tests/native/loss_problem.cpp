// The part of MiningProblem that the loss over all triplets takes.
#include <algorithm>

#include "mining_problem.h"

namespace test {

namespace {

constexpr int kMostSegmentPanels = 8;

template <typename T>
std::size_t at(T index) {
    return static_cast<std::size_t>(index);
}

}  // namespace

void MiningProblem::add_every_row() {
    for (int position = anchor_count(); position < gallery_count(); ++position) {
        anchor_rows_.push_back(gallery_rows_[at(position)]);
        starts_.push_back(position);
        ends_.push_back(position);
        selves_.push_back(tercet::kNothing);
    }
}

bool MiningProblem::sum_terms(double margin, bool root, bool wants_gradient, int panels, LossAnswers& answers) {
    const std::vector<long long> offsets = pair_offsets();
    const ClassTables classes(*this);
    PositiveTables tables(offsets, margin, root);
    const int all_panels = gallery_side_->panel_count, depth = gallery_.depth, dimensions = (depth + tercet::kPanelRows - 1) / tercet::kPanelRows;
    const int segments = (all_panels + kMostSegmentPanels - 1) / kMostSegmentPanels, segment_panels = (all_panels + segments - 1) / segments;
    const std::size_t rows = at(all_panels) * tercet::kPanelRows, width = at(dimensions) * tercet::kPanelRows;
    const std::size_t padded_rows = at(segments) * at(segment_panels) * tercet::kPanelRows, with_gradient = wants_gradient ? 1 : 0;
    const float nan = std::nanf("");
    Buffer<float> mean(width * with_gradient, nan), centred(padded_rows * width * with_gradient, nan), sums(rows * width * with_gradient, nan);
    Buffer<float> weights(at(panels) * padded_rows * tercet::kPanelRows * with_gradient, nan);
    Buffer<float> segment_sums(at(segments) * at(panels) * tercet::kPanelRows * width * with_gradient, nan);
    Buffer<float> gradient(at(gallery_count()) * at(depth) * with_gradient, nan);
    Buffer<double> chunk_weights(at(panels) * rows, std::nan("")), chunk_losses(at(panels) * rows, std::nan("")), weight_sums(rows, 0), losses(rows, 0);
    Buffer<int> tallies(at(offsets.back()) + at(anchor_count()), 0), violations(at(offsets.back()), -1);
    Buffer<tercet::uint64> non_zero(at(anchor_count()), 77);
    tercet::LossArguments arguments = {anchor_packed(), classes.classes(), device_tolerance(), tables.positives(), mean.data.get(), centred.data.get(), weights.data.get(),
        segment_sums.data.get(), sums.data.get(), chunk_weights.data.get(), chunk_losses.data.get(), weight_sums.data.get(), losses.data.get(), tallies.data.get(),
        violations.data.get(), non_zero.data.get(), gradient.data.get(), segments, segment_panels * tercet::kPanelRows, 0, 0, wants_gradient ? 1 : 0};

    bool good = sort_positives(tables);
    if (wants_gradient) {
        good = good && run("loss_mean", dimensions * tercet::kPanelRows / 32, 1, &arguments) && run("loss_centre", 3, 1, &arguments);
    }
    for (int first = 0; first < all_panels; first += panels) {
        arguments.first_column = first;
        arguments.chunk_panels = std::min(panels, all_panels - first);
        good = good && run("loss_weights", wants_gradient ? segments * segment_panels : all_panels, arguments.chunk_panels, &arguments);
        good = good && (!wants_gradient || run_plain("loss_sums", segments * dimensions, arguments.chunk_panels, &arguments)) && run_plain("loss_collect", 2, 1, &arguments);
    }
    good = good && run_plain("loss_terms", 2, 1, &arguments) && (!wants_gradient || run("loss_finish", 2, 1, &arguments));

    answers = {};
    for (int anchor = 0; anchor < anchor_count(); ++anchor) {
        answers.loss += losses[at(anchor)];
        answers.non_zero += non_zero[at(anchor)];
    }
    answers.gradient.assign(gradient.data.get(), gradient.data.get() + gradient.size);
    return good;
}

bool LossAnswers::agree_with(const LossAnswers& expected, Metric metric) const {
    double largest = 1e-30;
    for (double component : expected.gradient) {
        largest = std::max(largest, std::fabs(component));
    }
    int far = gradient.size() == expected.gradient.size() ? 0 : 1;
    for (std::size_t i = 0; i < gradient.size() && i < expected.gradient.size(); ++i) {
        far += std::fabs(expected.gradient[i] - gradient[i]) <= 2e-6 * largest ? 0 : 1;
    }
    // Cosine distances are differences from 1, whose rounding does not shrink with them.
    const double rounding = metric == Metric::kCosine ? static_cast<double>(expected.non_zero) * 0x1p-22 : 0;
    const bool loss_is_close = std::fabs(loss - expected.loss) <= 1e-6 * std::max(1e-3, expected.loss) + rounding;
    if (loss_is_close && far == 0 && non_zero == expected.non_zero) {
        return true;
    }
    std::fprintf(stderr, "loss %.12g, expected %.12g; %llu terms, expected %llu; %d components of the gradient too far off\n", loss, expected.loss,
        static_cast<unsigned long long>(non_zero), static_cast<unsigned long long>(expected.non_zero), far);
    return false;
}

LossAnswers MiningProblem::loss_oracle(double margin, bool root) const {
    LossAnswers answers;
    const auto depth = at(gallery_.depth);
    answers.gradient.assign(at(gallery_count()) * depth, 0);
    // weight * the derivative of the distance of two rows, to both of them.
    const auto add = [&](int left, int right, double weight) {
        const float *x = gallery_.row(gallery_rows_[at(left)]), *y = gallery_.row(gallery_rows_[at(right)]);
        double xx = 0, xy = 0, yy = 0;
        for (std::size_t k = 0; k < depth; ++k) {
            xx += static_cast<double>(x[k]) * static_cast<double>(x[k]);
            xy += static_cast<double>(x[k]) * static_cast<double>(y[k]);
            yy += static_cast<double>(y[k]) * static_cast<double>(y[k]);
        }
        const double distance = value(left, right, root), norms = std::sqrt(xx) * std::sqrt(yy);
        const double factor = metric_ == Metric::kCosine ? (norms > 0 ? 1 / norms : 0) : root ? (distance > 0 ? 1 / distance : 0) : 2;
        const double own_x = metric_ == Metric::kCosine ? (norms > 0 ? xy / norms / xx : 0) : factor;
        const double own_y = metric_ == Metric::kCosine ? (norms > 0 ? xy / norms / yy : 0) : factor;
        for (std::size_t k = 0; k < depth; ++k) {
            answers.gradient[at(left) * depth + k] += weight * (own_x * static_cast<double>(x[k]) - factor * static_cast<double>(y[k]));
            answers.gradient[at(right) * depth + k] += weight * (own_y * static_cast<double>(y[k]) - factor * static_cast<double>(x[k]));
        }
    };
    for (int anchor = 0; anchor < anchor_count(); ++anchor) {
        const std::vector<int> positives = positives_of(anchor);
        std::vector<int> violations(positives.size(), 0);
        for (int negative = 0; negative < gallery_count() && !positives.empty(); ++negative) {
            if (!is_negative(anchor, negative)) {
                continue;
            }
            const double distance = value(anchor, negative, root);
            int count = 0;
            for (std::size_t i = 0; i < positives.size(); ++i) {
                const double term = value(anchor, positives[i], root) + margin - distance;
                if (term > 0) {
                    answers.loss += term;
                    ++violations[i];
                    ++count;
                }
            }
            answers.non_zero += static_cast<tercet::uint64>(count);
            add(anchor, negative, -count);
        }
        for (std::size_t i = 0; i < positives.size(); ++i) {
            add(anchor, positives[i], violations[i]);
        }
    }
    return answers;
}

}  // namespace test
