#include "algorithms/losses/cross_entropy.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/log_softmax.h>

namespace fedorbit {

Tensor present_mean(const Tensor& values, const Tensor& present) {
  return (values * present).sum(1) / present.sum(1).clamp_min(1);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& present) {
  const Tensor log_probability = at::log_softmax(logits, -1);
  return present_mean(-at::gather(log_probability, 2, labels.unsqueeze(2)).squeeze(2), present);
}

}  // namespace fedorbit
