#include "algorithms/losses/alignment.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>

namespace fedorbit {

Tensor contrastive_alignment(const Tensor& personal, const Tensor& shared, double scale) {
  const Tensor similarity = scale * at::matmul(personal, shared.transpose(1, 2));  // (K, C, C)
  const Tensor towards_shared = at::log_softmax(similarity, 2).diagonal(0, 1, 2);
  const Tensor towards_private = at::log_softmax(similarity, 1).diagonal(0, 1, 2);
  return -0.5 * (towards_shared + towards_private).mean(1);
}

Tensor cosine_alignment(const Tensor& personal, const Tensor& shared, double scale) {
  return scale * (1 - (personal * shared).sum(2)).mean(1);
}

}  // namespace fedorbit
