#include "algorithms/losses/contrastive.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/diagonal.h>
#include <ATen/ops/log_softmax.h>

#include "algorithms/losses/cross_entropy.hpp"

namespace fedorbit {

Tensor contrastive(const Tensor& similarity, const Tensor& present) {
  const Tensor absent = 1e9 * (present - 1).unsqueeze(1);  // (K, 1, B), finite: its exponential is 0 beside any present
  const auto right = [&](const Tensor& choices) {          // (K, B), log probability of its own among the columns
    return at::diagonal(at::log_softmax(choices + absent, -1), 0, 1, 2);
  };
  return -0.5 * present_mean(right(similarity) + right(similarity.transpose(1, 2)), present);
}

}  // namespace fedorbit
