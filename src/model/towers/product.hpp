// Products with the weights of a frozen tower, by the fastest library that LibTorch brings.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// x (R, in) times the transpose of weight (out, in), plus bias (out) where it is defined: (R, out), in their common
/// type. Builds no graph. On CPUs by oneDNN, whose float32 products use wider registers than MKL's on AMD; its bits may
/// depend on R.
Tensor frozen_product(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

/// By which library frozen_product computes on a CPU.
const char* product_library();

}  // namespace fedorbit
