// The metrics against plain float64 loops written out here.
#include <cmath>
#include <random>
#include <vector>

#include "test_case.h"
#include "tercet/metric.h"

namespace {

const int kDepths[] = {1, 2, 3, 7, 8, 15, 17, 64, 127, 128, 513};

std::vector<float> random_row(int depth, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(0.0f, 1.0f);
    std::vector<float> row(static_cast<std::size_t>(depth));
    for (float& component : row) {
        component = normal(generator);
    }
    return row;
}

struct Sums {
    double xx = 0, yy = 0, xy = 0, squared_difference = 0;
};

Sums plain_sums(const std::vector<float>& x, const std::vector<float>& y) {
    Sums sums;
    for (std::size_t k = 0; k < x.size(); ++k) {
        const double a = x[k], b = y[k];
        sums.xx += a * a;
        sums.yy += b * b;
        sums.xy += a * b;
        sums.squared_difference += (a - b) * (a - b);
    }
    return sums;
}

bool close(double actual, double expected, double tolerance) { return std::fabs(actual - expected) <= tolerance; }

template <typename Metric>
double exact(const std::vector<float>& x, const std::vector<float>& y) {
    return Metric::exact(x.data(), y.data(), static_cast<int>(x.size()));
}

template <typename Metric>
float tile(const Sums& sums) {
    return Metric::from_dot(static_cast<float>(sums.xy), static_cast<float>(sums.xx), static_cast<float>(sums.yy));
}

}  // namespace

TEST_CASE(exact_random_rows_equal_the_formulas) {
    for (int depth : kDepths) {
        const auto x = random_row(depth, 1u + static_cast<unsigned>(depth)), y = random_row(depth, 1000u + static_cast<unsigned>(depth));
        const Sums sums = plain_sums(x, y);
        CHECK(exact<tercet::SquaredEuclidean>(x, y) == sums.squared_difference);
        CHECK(exact<tercet::Euclidean>(x, y) == std::sqrt(sums.squared_difference));
        CHECK(close(exact<tercet::Cosine>(x, y), 1.0 - sums.xy / (std::sqrt(sums.xx) * std::sqrt(sums.yy)), 1e-15));
    }
}

TEST_CASE(from_dot_random_rows_stay_near_exact) {
    for (int depth : kDepths) {
        const auto x = random_row(depth, 2u + static_cast<unsigned>(depth)), y = random_row(depth, 2000u + static_cast<unsigned>(depth));
        const Sums sums = plain_sums(x, y);
        // Three roundings of inputs and two of sums, each at most 2⁻²⁴ of the norms.
        const double bound = 4.0 * std::ldexp(1.0, -24) * (sums.xx + sums.yy);
        CHECK(close(tile<tercet::SquaredEuclidean>(sums), exact<tercet::SquaredEuclidean>(x, y), bound));
        CHECK(close(tile<tercet::Euclidean>(sums), exact<tercet::Euclidean>(x, y), bound / exact<tercet::Euclidean>(x, y)));
        CHECK(close(tile<tercet::Cosine>(sums), exact<tercet::Cosine>(x, y), 1e-6));
    }
}

TEST_CASE(from_dot_of_coinciding_rows_is_positive_zero) {
    // The dot product rounded up, as a tile's can be: the formula would give a number below 0.
    const float squared_norm = 1.0f, dot = std::nextafter(1.0f, 2.0f);
    for (float value : {tercet::SquaredEuclidean::from_dot(dot, squared_norm, squared_norm), tercet::Euclidean::from_dot(dot, squared_norm, squared_norm),
                        tercet::Cosine::from_dot(dot, squared_norm, squared_norm)}) {
        CHECK(value == 0.0f);
        CHECK(!std::signbit(value));
    }
}

TEST_CASE(exact_is_symmetric_and_zero_on_the_diagonal) {
    for (int depth : kDepths) {
        const auto x = random_row(depth, 3u + static_cast<unsigned>(depth)), y = random_row(depth, 3000u + static_cast<unsigned>(depth));
        CHECK(exact<tercet::SquaredEuclidean>(x, x) == 0.0);
        CHECK(exact<tercet::Euclidean>(x, x) == 0.0);
        CHECK(close(exact<tercet::Cosine>(x, x), 0.0, 1e-15));
        CHECK(exact<tercet::SquaredEuclidean>(x, y) == exact<tercet::SquaredEuclidean>(y, x));
        CHECK(exact<tercet::Cosine>(x, y) == exact<tercet::Cosine>(y, x));
    }
}

TEST_CASE(cosine_of_a_zero_row_is_one) {
    const std::vector<float> zero(5, 0.0f), other = random_row(5, 4u);
    CHECK(exact<tercet::Cosine>(zero, other) == 1.0);
    CHECK(exact<tercet::Cosine>(zero, zero) == 1.0);
    CHECK(tercet::Cosine::from_dot(0.0f, 0.0f, 1.0f) == 1.0f);
    CHECK(tercet::Cosine::from_dot(0.0f, 0.0f, 0.0f) == 1.0f);
}

TEST_CASE(cosine_of_long_rows_does_not_overflow) {
    const float squared_norm = 1e30f;
    CHECK(close(tercet::Cosine::from_dot(0.5e30f, squared_norm, squared_norm), 0.5, 1e-6));
}

TERCET_TEST_MAIN
