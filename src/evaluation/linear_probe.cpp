#include "evaluation/linear_probe.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "algorithms/losses/cosine.hpp"

namespace fedorbit {

Tensor LinearProbe::standardised(const Tensor& features) const {
  return (unit(features.to(at::kFloat)) - mean_) / deviation_;
}

LinearProbe::LinearProbe(const Tensor& features, const Tensor& labels, const std::vector<std::int64_t>& train,
                         std::int64_t classes) {
  const at::NoGradGuard no_gradient;
  const Tensor rows = at::tensor(train).to(features.device());
  const Tensor mine = unit(features.index_select(0, rows).to(at::kFloat));
  mean_ = mine.mean(0);
  // One image has no spread.
  deviation_ = (train.size() > 1 ? mine.std(0) : at::zeros_like(mean_)).clamp_min(1e-6);
  const Tensor ones = at::ones({mine.size(0), 1}, mine.options());
  const Tensor x = at::cat({standardised(features.index_select(0, rows)), ones}, 1);  // (n, d + 1)
  const Tensor target = at::one_hot(labels.index_select(0, rows), classes).to(at::kFloat);
  Tensor w = at::zeros({x.size(1), classes}, x.options()), mean = at::zeros_like(w), square = at::zeros_like(w);
  constexpr double decay = 1e-3, beta1 = 0.9, beta2 = 0.999, rate = 0.01;
  constexpr int steps = 400;
  for (int step = 1; step <= steps; ++step) {
    const Tensor error = at::softmax(at::matmul(x, w), 1) - target;
    const Tensor gradient = at::matmul(x.transpose(0, 1), error) / double(x.size(0)) + decay * w;
    mean = beta1 * mean + (1 - beta1) * gradient;
    square = beta2 * square + (1 - beta2) * gradient * gradient;
    w = w - rate * (mean / (1 - std::pow(beta1, step))) / ((square / (1 - std::pow(beta2, step))).sqrt() + 1e-8);
  }
  weight_ = w.narrow(0, 0, x.size(1) - 1);
  bias_ = w[x.size(1) - 1];
}

Tensor LinearProbe::logits(const Tensor& features) const { return at::matmul(standardised(features), weight_) + bias_; }

}  // namespace fedorbit
