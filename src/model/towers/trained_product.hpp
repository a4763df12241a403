// Products with weights that may be trained, by the fastest library that LibTorch brings.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// x (..., in) times the transpose of weight (out, in), plus bias (out) where it is defined: (..., out), in their
/// common type. Where gradients are asked for, though not those of gradients, oneDNN multiplies float32 on CPUs, there
/// and back: its products use wider registers than MKL's on AMD, and its bits may depend on the number of rows.
/// Elsewhere it is at::linear.
Tensor trained_product(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace fedorbit
