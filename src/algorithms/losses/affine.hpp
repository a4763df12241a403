// A linear layer for K clients at once.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// z W^T + b for (K, B, in), (K, out, in), (K, out) -> (K, B, out). Computed as W z^T, so that the gradient of a weight
/// comes out in the weight's own order: to add it up in another takes as long as the products.
Tensor affine(const Tensor& z, const Tensor& weight, const Tensor& bias);

}  // namespace fedorbit
