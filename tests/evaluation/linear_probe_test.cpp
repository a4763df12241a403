// The linear probe stands where its objective is least.
#include "evaluation/linear_probe.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numeric>

#include "algorithms/losses/cosine.hpp"
#include "core/keys.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

Tensor normal(at::IntArrayRef shape, std::uint64_t seed) {
  Tensor out = at::empty(shape, at::kFloat);
  Keys(seed).stream(Purpose::test).fill_normal({out.mutable_data_ptr<float>(), std::size_t(out.numel())}, 1);
  return out;
}

TEST(LinearProbe, stands_where_the_gradient_of_its_objective_is_zero) {
  constexpr std::int64_t classes = 5, width = 40, count = 120;
  const Tensor labels = at::arange(count) % classes;
  const Tensor features = normal({classes, width}, 1).index_select(0, labels) + 3 * normal({count, width}, 2);
  std::vector<std::int64_t> train(count);
  std::iota(train.begin(), train.end(), 0);
  const LinearProbe probe(features, labels, train, classes);
  const Tensor logits = probe.logits(features.unsqueeze(0))[0].to(at::kDouble);  // (n, C)

  const Tensor rows = unit(features).to(at::kDouble);
  const Tensor x = at::cat({(rows - rows.mean(0)) / rows.std(0), at::ones({count, 1}, at::kDouble)}, 1);
  const Tensor error = at::softmax(logits, 1) - at::one_hot(labels, classes);
  // Where x' error / n + lambda W = 0, and nowhere else, this W gives the logits that it was made of.
  const Tensor w = -at::matmul(x.t(), error) / (linear_probe::decay * count);
  EXPECT_LT(relative(at::matmul(x, w), logits), 1e-3);
}

TEST(LinearProbe, of_one_class_or_one_image_is_finite) {
  const Tensor features = normal({3, 8}, 1), labels = at::zeros({3}, at::kLong);
  for (const std::vector<std::int64_t>& train : {std::vector<std::int64_t>{0, 1, 2}, {1}})
    EXPECT_TRUE(LinearProbe(features, labels, train, 2).logits(features.unsqueeze(0)).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace fedorbit
