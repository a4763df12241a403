#include "model/towers/product.hpp"

#include <ATen/ops/linear.h>

#include "model/towers/one_dnn.hpp"

namespace fedorbit {

const char* product_library() { return one_dnn::available() ? "oneDNN" : "LibTorch's default"; }

Tensor frozen_product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (one_dnn::available() && x.is_cpu()) return one_dnn::linear(x, weight, bias);
  return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
}

}  // namespace fedorbit
