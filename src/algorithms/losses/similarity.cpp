#include "algorithms/losses/similarity.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/xlogy.h>

#include "algorithms/losses/cosine.hpp"

namespace fedorbit {
namespace {

/// (B, B) -> (B, B - 1): without the diagonal.
Tensor of_others(const Tensor& square) {
  const std::int64_t n = square.size(0);
  // Behind the first number, the next of the diagonal ends each row of n + 1.
  return square.flatten().narrow(0, 1, n * n - 1).view({n - 1, n + 1}).narrow(1, 0, n).reshape({n, n - 1});
}

Tensor log_similarities(const Tensor& features, double temperature) {
  const Tensor rows = unit(features);  // (B, d)
  return at::log_softmax(of_others(at::matmul(rows, rows.t())) / temperature, 1);
}

}  // namespace

Tensor similarities(const Tensor& features, double temperature) {
  return log_similarities(features, temperature).exp();
}

Tensor similarity_divergence(const Tensor& wanted, const Tensor& features, double temperature) {
  return (at::xlogy(wanted, wanted) - wanted * log_similarities(features, temperature)).sum(1).mean();
}

}  // namespace fedorbit
