#include "evaluation/linear_probe.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/optim/lbfgs.h>

#include "algorithms/losses/cosine.hpp"

namespace fedorbit {

using linear_probe::decay;

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
  const Tensor x = at::constant_pad_nd((mine - mean_) / deviation_, {0, 1}, 1).to(at::kDouble);  // (n, d + 1)
  const Tensor target = at::one_hot(labels.index_select(0, rows), classes).to(at::kDouble);
  Tensor w = at::zeros({x.size(1), classes}, x.options());
  const auto objective = [&] {
    const Tensor log_probability = at::log_softmax(at::matmul(x, w), 1);
    w.mutable_grad() = at::matmul(x.transpose(0, 1), log_probability.exp() - target) / double(x.size(0)) + decay * w;
    return decay / 2 * w.square().sum() - (log_probability * target).sum() / double(x.size(0));
  };
  torch::optim::LBFGS solver({w}, torch::optim::LBFGSOptions(1)
                                      .max_iter(2000)
                                      .max_eval(4000)
                                      .tolerance_grad(1e-6)
                                      .tolerance_change(0)
                                      .history_size(20)
                                      .line_search_fn("strong_wolfe"));
  solver.step(objective);
  const Tensor found = w.to(at::kFloat);
  weight_ = found.narrow(0, 0, x.size(1) - 1);
  bias_ = found[x.size(1) - 1];
}

Tensor LinearProbe::logits(const Tensor& features) const { return at::matmul(standardised(features), weight_) + bias_; }

}  // namespace fedorbit
