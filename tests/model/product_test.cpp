// Products with frozen weights: their values, and bits that do not depend on how many rows go together.
#include "model/product.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace fedorbit {
namespace {

/// (out, in) as a file holds it, or as the transpose of what a file holds.
Tensor weight_of(std::int64_t out, std::int64_t in, bool transposed, c10::ScalarType type) {
  const Tensor rows = transposed ? at::randn({in, out}) : at::randn({out, in});
  return transposed ? rows.to(type).t() : rows.to(type);
}

TEST(Products, are_those_of_the_matrices) {
  at::manual_seed(1);
  for (const bool transposed : {false, true})
    for (const std::int64_t rows : {1, 5, 130}) {
      const Tensor x = at::randn({rows, 48}), weight = weight_of(24, 48, transposed, at::kFloat),
                   bias = at::randn({24});
      const Tensor expected = at::mm(x.to(at::kDouble), weight.to(at::kDouble).t());
      EXPECT_TRUE(at::allclose(steady_product(x, weight).to(at::kDouble), expected, 1e-5, 1e-5));
      EXPECT_TRUE(at::allclose(frozen_product(x, weight, bias).to(at::kDouble), expected + bias, 1e-5, 1e-5));
    }
}

TEST(SteadyProducts, give_a_row_the_same_bits_among_any_number_of_rows) {
  at::manual_seed(2);
  for (const c10::ScalarType type : {at::kFloat, at::kBFloat16})
    for (const bool transposed : {false, true})
      for (const auto& [out, in] : {std::pair(512, 512), {512, 2048}, {768, 640}, {64, 24}}) {
        const Tensor weight = weight_of(out, in, transposed, type), x = at::randn({400, in}).to(type);
        const Tensor all = steady_product(x, weight);
        for (const std::int64_t rows : {1, 2, 15, 16, 75, 96, 97, 127, 128, 129, 256, 399})
          EXPECT_TRUE(at::equal(steady_product(x.narrow(0, 0, rows), weight), all.narrow(0, 0, rows)))
              << rows << " rows of " << in << " by " << out << (transposed ? ", transposed" : "");
      }
}

}  // namespace
}  // namespace fedorbit
