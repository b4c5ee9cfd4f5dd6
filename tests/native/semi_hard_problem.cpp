// The part of MiningProblem that semi-hard mining takes.
#include <algorithm>

#include "mining_problem.h"

namespace test {

namespace {

template <typename T>
std::size_t at(T index) {
    return static_cast<std::size_t>(index);
}

}  // namespace

bool MiningProblem::is_negative(int anchor, int position) const { return position < starts_[at(anchor)] || position >= ends_[at(anchor)]; }

double MiningProblem::value(int anchor, int position, bool root) const {
    const double key = exact_key(anchor, position);
    return root ? std::sqrt(key) : std::max(key, 0.0);
}

std::vector<int> MiningProblem::positives_of(int anchor) const {
    std::vector<int> positives;
    for (int position = starts_[at(anchor)]; position < ends_[at(anchor)]; ++position) {
        if (position != selves_[at(anchor)]) {
            positives.push_back(position);
        }
    }
    return positives;
}

std::vector<long long> MiningProblem::pair_offsets() const {
    std::vector<long long> offsets = {0};
    for (int anchor = 0; anchor < anchor_count(); ++anchor) {
        offsets.push_back(offsets.back() + static_cast<long long>(positives_of(anchor).size()));
    }
    return offsets;
}

bool MiningProblem::sort_positives(PositiveTables& tables) {
    const ClassTables classes(*this);
    const tercet::PositivesArguments arguments = {anchor_packed(), gallery_side_->rows(), classes.classes(), tables.positives()};
    return run("positives", anchor_count(), 1, &arguments);
}

bool MiningProblem::find_semi_hard(const SemiHardRequest& request, SemiHardAnswers& answers) {
    const std::vector<long long> offsets = pair_offsets();
    const ClassTables classes(*this);
    PositiveTables tables(offsets, request.margin, request.root);
    bool good = sort_positives(tables);
    Buffer<tercet::uint64> hard(at(anchor_count()), 0), violating(at(anchor_count()), 0);
    answers = {};
    const char* kernel = unit_ == Unit::kTensorCores ? "semi_hard_mma" : "semi_hard";
    for (int first_panel = 0; first_panel * tercet::kPanelRows < anchor_count(); first_panel += request.panels) {
        const int first = first_panel * tercet::kPanelRows, end = std::min(anchor_count(), first + request.panels * tercet::kPanelRows);
        const std::size_t buckets = at(offsets[at(end)] - offsets[at(first)] + 2 * (end - first));
        Buffer<tercet::uint32> best(buckets, 0xFFFFFFFFu);
        Buffer<int> counts(buckets, 0), found(buckets, -7);
        Buffer<tercet::uint64> candidates(buckets * tercet::kCandidates);
        Buffer<double> keys(buckets, std::nan(""));
        tercet::SemiHardArguments arguments = {anchor_packed(), gallery_side_->rows(), anchor_side().halves(), gallery_side_->halves(), classes.classes(), device_tolerance(), tables.positives(),
            {{best.data.get(), counts.data.get(), candidates.data.get(), found.data.get()}, keys.data.get()},
            hard.data.get(), violating.data.get(), first_panel, 0, request.counts ? 1 : 0, request.farthest ? 1 : 0};
        // Two launches where there are columns for it, as for galleries that one grid does not hold.
        const int panels = (end - first + tercet::kPanelRows - 1) / tercet::kPanelRows, columns = gallery_side_->panel_count, half = (columns + 1) / 2;
        good = good && run(kernel, panels, half, &arguments);
        arguments.first_column = half;
        good = good && (half == columns || run(kernel, panels, columns - half, &arguments)) && run("semi_hard_decide", end - first, 1, &arguments);
        std::size_t bucket = 0;
        for (int anchor = first; good && anchor < end; ++anchor) {
            const std::size_t pair = at(offsets[at(anchor)]), count = at(offsets[at(anchor) + 1]) - pair;
            answers.negatives.emplace_back(count, tercet::kNothing);
            int next = tercet::kNothing;
            for (std::size_t rank = count + 1; rank-- > 0;) {
                answers.rescanned += counts[bucket + rank] > tercet::kCandidates ? 1 : 0;
                if (found[bucket + rank] != tercet::kNothing) {
                    next = found[bucket + rank];
                    good = good && std::fabs(keys[bucket + rank] - exact_key(anchor, next)) <= 1e-12 * (1 + keys[bucket + rank]);
                }
                if (rank > 0) {
                    answers.negatives.back()[at(tables.order[pair + rank - 1])] = next;
                }
            }
            answers.nearest.push_back(next);
            answers.farthest.push_back(request.farthest ? found[bucket + count + 1] : tercet::kNothing);
            answers.hard.push_back(hard[at(anchor)]);
            answers.violating.push_back(violating[at(anchor)]);
            bucket += count + 2;
        }
    }
    return good;
}

void MiningProblem::semi_hard_oracle(const SemiHardRequest& request, int anchor, SemiHardAnswers& answers) const {
    std::vector<int> negatives;
    std::vector<double> keys(at(gallery_count()));
    for (int position = 0; position < gallery_count(); ++position) {
        keys[at(position)] = exact_key(anchor, position);
        if (is_negative(anchor, position)) {
            negatives.push_back(position);
        }
    }
    const auto value_of = [&](int position) { return request.root ? std::sqrt(keys[at(position)]) : std::max(keys[at(position)], 0.0); };
    const auto is_better = [&](double key, double best_key, int position, int best) {
        return best < 0 || key < best_key || (key == best_key && gallery_rows_[at(position)] < gallery_rows_[at(best)]);
    };
    const auto nearest_beyond = [&](double bound) {
        int best = tercet::kNothing;
        for (int position : negatives) {
            if (value_of(position) > bound && is_better(keys[at(position)], best < 0 ? 0 : keys[at(best)], position, best)) {
                best = position;
            }
        }
        return best;
    };
    tercet::uint64 hard = 0, violating = 0;
    answers.negatives.emplace_back();
    for (int positive : positives_of(anchor)) {
        const double distance = value_of(positive);
        answers.negatives.back().push_back(nearest_beyond(distance));
        for (int position : negatives) {
            hard += value_of(position) <= distance ? 1u : 0u;
            violating += value_of(position) - distance <= request.margin ? 1u : 0u;
        }
    }
    int farthest = tercet::kNothing;
    for (int position : negatives) {
        if (is_better(-keys[at(position)], farthest < 0 ? 0 : -keys[at(farthest)], position, farthest)) {
            farthest = position;
        }
    }
    answers.nearest.push_back(nearest_beyond(-1));
    answers.farthest.push_back(request.farthest ? farthest : tercet::kNothing);
    answers.hard.push_back(request.counts ? hard : 0);
    answers.violating.push_back(request.counts ? violating : 0);
}

int count_wrong(const MiningProblem& problem, const SemiHardRequest& request, const SemiHardAnswers& answers, int step) {
    // The oracle's sums are in another order: its last bits are its own.
    const auto is_wrong = [&](int anchor, int chosen, int expected) {
        if (chosen == expected || chosen < 0 || expected < 0) {
            return chosen != expected;
        }
        const double left = problem.exact_key(anchor, chosen), right = problem.exact_key(anchor, expected);
        return left == right || std::fabs(left - right) > 1e-14 * (1.0 + std::max(left, right));
    };
    int wrong = static_cast<int>(answers.nearest.size()) == problem.anchor_count() ? 0 : 1;
    for (int anchor = 0; wrong == 0 && anchor < problem.anchor_count(); anchor += step) {
        SemiHardAnswers expected;
        problem.semi_hard_oracle(request, anchor, expected);
        const std::size_t a = at(anchor);
        for (std::size_t i = 0; i < expected.negatives[0].size(); ++i) {
            wrong += is_wrong(anchor, answers.negatives[a][i], expected.negatives[0][i]) ? 1 : 0;
        }
        wrong += is_wrong(anchor, answers.nearest[a], expected.nearest[0]) ? 1 : 0;
        wrong += is_wrong(anchor, answers.farthest[a], expected.farthest[0]) ? 1 : 0;
        wrong += answers.hard[a] == expected.hard[0] ? 0 : 1;
        wrong += answers.violating[a] == expected.violating[0] ? 0 : 1;
    }
    return wrong;
}

}  // namespace test
