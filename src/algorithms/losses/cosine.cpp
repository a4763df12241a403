#include "algorithms/losses/cosine.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>

#include "algorithms/losses/in_lines.hpp"

namespace fedorbit {

Tensor unit(const Tensor& rows) {
  return rows / at::linalg_vector_norm(rows, 2, at::IntArrayRef{-1}, true).clamp_min(1e-12);
}

Tensor mean_cosine(const Tensor& one, const Tensor& other) {
  return (unit(one.to(at::kFloat)) * unit(other.to(at::kFloat))).sum(1).mean();
}

Tensor cosine_logits(const Tensor& features, const Tensor& text_features, double scale) {
  return scale * at::matmul(in_lines(unit(features)), in_lines(text_features).transpose(1, 2));
}

}  // namespace fedorbit
