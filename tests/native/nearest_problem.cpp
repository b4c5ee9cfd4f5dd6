// The part of MiningProblem that the k nearest rows take.
#include <algorithm>

#include "mining_problem.h"

namespace test {

namespace {

template <typename T>
std::size_t at(T index) {
    return static_cast<std::size_t>(index);
}

}  // namespace

bool MiningProblem::find_nearest(int k, int panels, NearestAnswers& answers) {
    const std::size_t chunk = at(panels) * tercet::kPanelRows;
    Buffer<tercet::uint32> minima(chunk * tercet::kNearestGroups);
    Buffer<float> limits(chunk, std::nanf(""));
    Buffer<int> counts(chunk, -7), candidates(chunk * tercet::kNearestCandidates, -7), rows(chunk * at(k), -7);
    Buffer<double> keys(chunk * at(k), std::nan(""));
    tercet::NearestArguments arguments = {anchor_packed(), gallery_side_->rows(), anchor_side().halves(), gallery_side_->halves(), device_tolerance(), minima.data.get(),
        limits.data.get(), counts.data.get(), candidates.data.get(), keys.data.get(), rows.data.get(), 0, k};
    const bool on_tensor_cores = unit_ == Unit::kTensorCores;
    bool good = true;
    answers = {};
    for (int first = 0; good && first < anchor_count(); first += static_cast<int>(chunk)) {
        const int count = std::min(anchor_count() - first, static_cast<int>(chunk)), row_panels = (count + tercet::kPanelRows - 1) / tercet::kPanelRows;
        arguments.first_panel = first / tercet::kPanelRows;
        std::fill(minima.data.get(), minima.data.get() + minima.size, 0xFFFFFFFFu);
        good = run(on_tensor_cores ? "nearest_minima_mma" : "nearest_minima", gallery_side_->panel_count, row_panels, &arguments) &&
            run_plain("nearest_limits", (count + 7) / 8, 1, &arguments) &&
            run(on_tensor_cores ? "nearest_candidates_mma" : "nearest_candidates", gallery_side_->panel_count, row_panels, &arguments) &&
            run("nearest_decide", count, 1, &arguments);
        for (int local = 0; local < count; ++local) {
            answers.seen_whole += counts[at(local)] > tercet::kNearestCandidates ? 1 : 0;
            answers.most_candidates = std::max(answers.most_candidates, counts[at(local)]);
        }
        answers.rows.insert(answers.rows.end(), rows.data.get(), rows.data.get() + at(count) * at(k));
        answers.keys.insert(answers.keys.end(), keys.data.get(), keys.data.get() + at(count) * at(k));
    }
    return good;
}

int MiningProblem::count_wrong_nearest(int k, const NearestAnswers& answers, int step) const {
    int wrong = answers.rows.size() == at(anchor_count()) * at(k) ? 0 : 1;
    std::vector<std::pair<double, int>> expected(at(gallery_count()));
    for (int anchor = 0; wrong == 0 && anchor < anchor_count(); anchor += step) {
        for (int position = 0; position < gallery_count(); ++position) {
            expected[at(position)] = {exact_key(anchor, position), gallery_rows_[at(position)]};
        }
        std::sort(expected.begin(), expected.end());
        for (int rank = 0; rank < k; ++rank) {
            const std::size_t index = at(anchor) * at(k) + at(rank);
            if (rank >= gallery_count()) {
                wrong += answers.rows[index] == tercet::kNothing && std::isinf(answers.keys[index]) ? 0 : 1;
                continue;
            }
            // The oracle sums in another order: rows whose keys differ in the last bits may change places.
            const double key = expected[at(rank)].first, found = answers.keys[index];
            const bool close = std::fabs(found - key) <= 1e-14 * (1.0 + key);
            const int row = answers.rows[index];
            const bool same = row == expected[at(rank)].second;
            const bool open = (rank > 0 && expected[at(rank - 1)].first != key && key - expected[at(rank - 1)].first <= 1e-14 * (1.0 + key)) ||
                (rank + 1 < gallery_count() && expected[at(rank + 1)].first != key && expected[at(rank + 1)].first - key <= 1e-14 * (1.0 + key));
            wrong += close && (same || open) ? 0 : 1;
        }
    }
    return wrong;
}

}  // namespace test
