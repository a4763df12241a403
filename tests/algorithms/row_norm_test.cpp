// Norms of rows, and what they say of numbers that are not finite.
#include "algorithms/row_norm.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace fedorbit {
namespace {

TEST(RowNorms, are_euclidean_for_any_length) {
  for (const std::int64_t n : {0, 1, 7, 16, 37}) {
    const Tensor rows = at::arange(3 * n).to(at::kFloat).view({3, n}), norms = row_norms(rows);
    for (std::int64_t k = 0; k < 3; ++k) {
      double expected = 0;
      for (std::int64_t j = 0; j < n; ++j) expected += std::pow(double(k * n + j), 2);
      EXPECT_NEAR(norms[k].item<double>(), std::sqrt(expected), 1e-12 * std::sqrt(expected));
    }
  }
}

TEST(RowNorms, of_differences_are_distances) {
  const Tensor a = at::arange(37).to(at::kFloat).square(), b = at::arange(37).to(at::kFloat) * 3;
  EXPECT_EQ(distance(a, b), row_norms((a - b).unsqueeze(0)).item<double>());
  EXPECT_EQ(distance(a, a), 0);
  EXPECT_THROW(distance(a, b.narrow(0, 0, 36)), Error);
}

TEST(RowNorms, are_finite_exactly_where_every_number_is) {
  Tensor rows = at::full({4, 19}, std::numeric_limits<float>::max());
  rows[1][18] = std::numeric_limits<float>::infinity();
  rows[2][0] = NAN;
  rows[3][7] = -std::numeric_limits<float>::infinity();
  const Tensor norms = row_norms(rows);
  for (std::int64_t k = 0; k < 4; ++k) EXPECT_EQ(std::isfinite(norms[k].item<double>()), k == 0) << k;
}

}  // namespace
}  // namespace fedorbit
