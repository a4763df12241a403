#include "evaluation/nearest_neighbours.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/log.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "algorithms/losses/cosine.hpp"

namespace fedorbit {

NearestNeighbours::NearestNeighbours(const Tensor& features, const Tensor& labels,
                                     const std::vector<std::int64_t>& train, std::int64_t classes, std::int64_t k,
                                     double temperature)
    : k_(std::min(k, std::int64_t(train.size()))), temperature_(temperature) {
  const at::NoGradGuard no_gradient;
  const Tensor rows = at::tensor(train).to(features.device());
  voters_ = unit(features.index_select(0, rows).to(at::kFloat));
  ballots_ = at::one_hot(labels.index_select(0, rows), classes).to(at::kFloat);
}

Tensor NearestNeighbours::logits(const Tensor& features) const {
  const Tensor cosines = at::matmul(unit(features[0]), voters_.transpose(0, 1));  // (B, n)
  const auto [nearest, which] = at::topk(cosines, k_, 1);                         // (B, k)
  // Less the largest cosine, so that no exponential overflows: it cancels among classes.
  const Tensor weights = at::exp((nearest - nearest.narrow(1, 0, 1)) / temperature_);
  const Tensor votes =
      (ballots_.index_select(0, which.flatten()).view({which.size(0), k_, ballots_.size(1)}) * weights.unsqueeze(2))
          .sum(1);  // (B, C)
  return at::log(votes.clamp_min(1e-30)).unsqueeze(0);
}

}  // namespace fedorbit
