// Keys and epilogues against plain loops.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "test_case.h"
#include "tercet/epilogue.h"
#include "tercet/metric.h"

namespace {

const float kAscending[] = {-std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::max(), -1.0f, -std::numeric_limits<float>::min(),
                            -std::numeric_limits<float>::denorm_min(), 0.0f, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::min(),
                            1e-7f, 1.0f, 1.0000001f, 4.0f, std::numeric_limits<float>::max(), std::numeric_limits<float>::infinity()};

// Batch-hard by two plain loops in float64; −1 where there is none.
template <typename Better>
int plain_best(const std::vector<std::vector<float>>& rows, const std::vector<int>& labels, int anchor, bool want_positive, Better better) {
    int best = -1;
    double best_distance = 0;
    for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
        const auto r = static_cast<std::size_t>(row), a = static_cast<std::size_t>(anchor);
        if (row == anchor || (labels[r] == labels[a]) != want_positive) {
            continue;
        }
        double distance = 0;
        for (std::size_t k = 0; k < rows[r].size(); ++k) {
            const double difference = static_cast<double>(rows[a][k]) - static_cast<double>(rows[r][k]);
            distance += difference * difference;
        }
        if (best < 0 || better(distance, best_distance)) {
            best = row;
            best_distance = distance;
        }
    }
    return best;
}

template <typename Epilogue>
tercet::uint64 mine(const std::vector<std::vector<float>>& rows, const std::vector<int>& labels, int anchor, const std::vector<int>& order) {
    tercet::uint64 best = tercet::kNoCandidate;
    const auto a = static_cast<std::size_t>(anchor);
    for (int row : order) {
        const auto r = static_cast<std::size_t>(row);
        if (Epilogue::accepts(labels[r] == labels[a], row == anchor)) {
            const double distance = tercet::SquaredEuclidean::exact(rows[a].data(), rows[r].data(), static_cast<int>(rows[a].size()));
            best = tercet::combine(best, Epilogue::pack(static_cast<float>(distance), static_cast<tercet::uint32>(row)));
        }
    }
    return best;
}

int row_or_none(tercet::uint64 key) { return key == tercet::kNoCandidate ? -1 : static_cast<int>(tercet::row_of(key)); }

}  // namespace

TEST_CASE(ordered_bits_order_as_the_floats) {
    for (float left : kAscending) {
        for (float right : kAscending) {
            CHECK((tercet::ordered_bits(left) < tercet::ordered_bits(right)) == (left < right));
        }
        CHECK(tercet::from_ordered_bits(tercet::ordered_bits(left)) == left);
    }
}

TEST_CASE(ordered_bits_negative_zero_counts_as_zero) {
    CHECK(tercet::ordered_bits(-0.0f) == tercet::ordered_bits(0.0f));
    CHECK(!std::signbit(tercet::from_ordered_bits(tercet::ordered_bits(-0.0f))));
    CHECK(tercet::NearestNegative::pack(-0.0f, 5u) == tercet::NearestNegative::pack(0.0f, 5u));
    CHECK(tercet::FarthestPositive::pack(-0.0f, 5u) == tercet::FarthestPositive::pack(0.0f, 5u));
}

TEST_CASE(pack_gives_back_distance_and_row) {
    for (float distance : kAscending) {
        for (tercet::uint32 row : {0u, 1u, 65535u, 0x7FFFFFFFu}) {
            CHECK(tercet::NearestNegative::distance_of(tercet::NearestNegative::pack(distance, row)) == distance);
            CHECK(tercet::FarthestPositive::distance_of(tercet::FarthestPositive::pack(distance, row)) == distance);
            CHECK(tercet::row_of(tercet::NearestNegative::pack(distance, row)) == row);
            CHECK(tercet::row_of(tercet::FarthestPositive::pack(distance, row)) == row);
            CHECK(tercet::NearestNegative::pack(distance, row) < tercet::kNoCandidate);
            CHECK(tercet::FarthestPositive::pack(distance, row) < tercet::kNoCandidate);
        }
    }
}

TEST_CASE(combine_prefers_nearer_negative_farther_positive_and_lower_row) {
    using tercet::combine;
    using Near = tercet::NearestNegative;
    using Far = tercet::FarthestPositive;
    CHECK(tercet::row_of(combine(Near::pack(1.0f, 9u), Near::pack(2.0f, 3u))) == 9u);
    CHECK(tercet::row_of(combine(Far::pack(1.0f, 3u), Far::pack(2.0f, 9u))) == 9u);
    CHECK(tercet::row_of(combine(Near::pack(1.0f, 9u), Near::pack(1.0f, 3u))) == 3u);
    CHECK(tercet::row_of(combine(Far::pack(1.0f, 9u), Far::pack(1.0f, 3u))) == 3u);
    CHECK(combine(tercet::kNoCandidate, Near::pack(1.0f, 3u)) == Near::pack(1.0f, 3u));
}

TEST_CASE(epilogues_mine_what_plain_loops_mine) {
    std::mt19937 generator(7u);
    for (int trial = 0; trial < 40; ++trial) {
        // Small integers: many ties, and every distance exact in float32, so that the two sides must agree to the row.
        const int rows_count = 1 + trial, depth = 1 + trial % 5;
        std::uniform_int_distribution<int> component(-2, 2), label(0, 1 + trial / 8);
        std::vector<std::vector<float>> rows;
        std::vector<int> labels, forward, backward;
        for (int row = 0; row < rows_count; ++row) {
            std::vector<float> values;
            for (int k = 0; k < depth; ++k) {
                values.push_back(static_cast<float>(component(generator)));
            }
            rows.push_back(values);
            labels.push_back(label(generator));
            forward.push_back(row);
            backward.insert(backward.begin(), row);
        }
        for (int anchor = 0; anchor < rows_count; ++anchor) {
            const auto farther = [](double left, double right) { return left > right; };
            const auto nearer = [](double left, double right) { return left < right; };
            for (const auto& order : {forward, backward}) {
                CHECK(row_or_none(mine<tercet::FarthestPositive>(rows, labels, anchor, order)) == plain_best(rows, labels, anchor, true, farther));
                CHECK(row_or_none(mine<tercet::NearestNegative>(rows, labels, anchor, order)) == plain_best(rows, labels, anchor, false, nearer));
            }
        }
    }
}

TERCET_TEST_MAIN
