#include "federation/clipping.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "algorithms/row_norm.hpp"
#include "core/error.hpp"

namespace fedorbit {

Tensor clip_factors(std::span<const Tensor> gradients, double most) {
  require(!gradients.empty(), "nothing is trained that could be clipped.");
  const at::NoGradGuard no_gradient;
  Tensor squares = at::zeros({gradients.front().size(0)}, gradients.front().options().dtype(at::kDouble));
  for (const Tensor& gradient : gradients) squares += row_norms(gradient).square();
  return (most / (squares.sqrt() + 1e-6)).clamp_max(1).to(at::kFloat);
}

}  // namespace fedorbit
