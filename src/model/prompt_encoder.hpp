// A way of encoding the prompts of all classes behind a learned context.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

class PromptEncoder {
 public:
  virtual ~PromptEncoder() = default;
  /// `context` (K, h, w) of K clients, any floating type -> (K, C, d) float32 features as the projection gives them;
  /// differentiable in `context`, without gradients of weights.
  virtual Tensor encode(const Tensor& context) = 0;
  /// How many rows a context has in the products of a layer.
  virtual std::int64_t rows() const = 0;
};

}  // namespace fedorbit
