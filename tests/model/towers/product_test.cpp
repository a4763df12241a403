// Products with frozen weights: their values, and bits that do not depend on how many rows go together.
#include "model/towers/product.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>

#include "model/towers/frozen_matrix.hpp"
#include "model/towers/trained_product.hpp"

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
                   bias = at::randn({24}), d = at::randn({rows, 24});
      const Tensor expected = at::mm(x.to(at::kDouble), weight.to(at::kDouble).t());
      EXPECT_TRUE(at::allclose(frozen_product(x, weight, bias).to(at::kDouble), expected + bias, 1e-5, 1e-5));
      const FrozenMatrix matrix(weight);
      EXPECT_TRUE(at::allclose(matrix.times(x).to(at::kDouble), expected, 1e-5, 1e-5));
      EXPECT_TRUE(at::allclose(matrix.times_back(d).to(at::kDouble), at::mm(d.to(at::kDouble), weight.to(at::kDouble)),
                               1e-5, 1e-5));
    }
}

TEST(Products, of_trained_weights_have_the_gradients_of_the_matrices) {
  at::manual_seed(4);
  for (const bool biased : {true, false})
    for (const std::int64_t tokens : {1, 7}) {
      const auto doubled = [](const Tensor& x) { return x.detach().to(at::kDouble).requires_grad_(); };
      const Tensor all = at::randn({5, 9, 48}), x = all.narrow(1, 1, tokens).detach().requires_grad_(),
                   weight = at::randn({24, 48}).requires_grad_(), bias = at::randn({24}).requires_grad_(),
                   d = at::randn({5, tokens, 24});
      const Tensor exact_x = doubled(x), exact_weight = doubled(weight), exact_bias = doubled(bias);
      const Tensor y = trained_product(x, weight, biased ? bias : Tensor());
      Tensor exact = at::matmul(exact_x, exact_weight.t());
      if (biased) exact = exact + exact_bias;
      EXPECT_TRUE(at::allclose(y.to(at::kDouble), exact, 1e-5, 1e-5));
      y.backward(d);
      exact.backward(d.to(at::kDouble));
      const auto near = [](const Tensor& a, const Tensor& b) { return at::allclose(a.to(at::kDouble), b, 1e-5, 1e-5); };
      EXPECT_TRUE(near(x.grad(), exact_x.grad()));
      EXPECT_TRUE(near(weight.grad(), exact_weight.grad()));
      if (biased) {
        EXPECT_TRUE(near(bias.grad(), exact_bias.grad()));
      }
    }
}

constexpr std::array sizes{std::pair(512, 512), std::pair(512, 2048), std::pair(2048, 512), std::pair(768, 640),
                           std::pair(64, 24)};  // outputs, inputs
constexpr std::array numbers_of_rows{1, 2, 3, 15, 16, 17, 32, 75, 96, 97, 127, 128, 129, 256, 399};

TEST(FrozenMatrices, give_a_row_the_same_bits_among_any_number_of_rows_in_float32) {
  at::manual_seed(2);
  for (const auto& [out, in] : sizes) {
    const FrozenMatrix matrix(weight_of(out, in, false, at::kFloat));
    const Tensor x = at::randn({400, in}), d = at::randn({400, out});
    const Tensor all = matrix.times(x), all_back = matrix.times_back(d);
    for (const std::int64_t rows : numbers_of_rows) {
      EXPECT_TRUE(at::equal(matrix.times(x.narrow(0, 0, rows)), all.narrow(0, 0, rows)))
          << rows << " rows of " << in << " by " << out;
      EXPECT_TRUE(at::equal(matrix.times_back(d.narrow(0, 0, rows)), all_back.narrow(0, 0, rows)))
          << rows << " rows of " << out << " by " << in << ", back";
    }
  }
}

TEST(FrozenMatrices, give_a_row_bits_that_do_not_depend_on_what_other_rows_hold) {
  at::manual_seed(3);
  for (const c10::ScalarType type : {at::kFloat, at::kBFloat16})
    for (const auto& [out, in] : sizes) {
      const FrozenMatrix matrix(weight_of(out, in, false, type));
      for (const std::int64_t rows : numbers_of_rows) {
        const Tensor x = at::randn({rows, in}).to(type), d = at::randn({rows, out}).to(type);
        const std::int64_t own = rows / 2;
        Tensor x_among_others = at::randn({rows, in}).to(type), d_among_others = at::randn({rows, out}).to(type);
        x_among_others[own].copy_(x[own]);
        d_among_others[own].copy_(d[own]);
        EXPECT_TRUE(at::equal(matrix.times(x)[own], matrix.times(x_among_others)[own]))
            << rows << " rows of " << in << " by " << out;
        EXPECT_TRUE(at::equal(matrix.times_back(d)[own], matrix.times_back(d_among_others)[own]))
            << rows << " rows of " << out << " by " << in << ", back";
      }
    }
}

TEST(FrozenMatrices, give_the_same_bits_from_shared_memory) {
  at::manual_seed(3);
  for (const c10::ScalarType type : {at::kFloat, at::kBFloat16}) {
    FrozenMatrix one(weight_of(96, 40, false, type)), other(weight_of(24, 96, true, type)), none;
    const Tensor x = at::randn({20, 40}).to(type), y = one.times(x), z = other.times(y), back = other.times_back(z);
    Tensor place;
    share(std::array{&one, &none, &other}, [&](const Tensor& bytes) {
      place = bytes.clone();
      return place;
    });
    EXPECT_TRUE(at::equal(one.times(x), y));
    EXPECT_TRUE(at::equal(other.times(y), z));
    EXPECT_TRUE(at::equal(other.times_back(z), back));
    place.zero_();
    EXPECT_EQ(one.times(x).abs().max().item<float>(), 0);
    EXPECT_EQ(other.times_back(z).abs().max().item<float>(), 0);
  }
}

}  // namespace
}  // namespace fedorbit
