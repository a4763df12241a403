// A way of encoding the prompts of all classes behind a learned context.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

class PromptEncoder {
 public:
  virtual ~PromptEncoder() = default;
  /// `context` (K, h, w) of K clients, any floating type -> (K, C, d) float32 features as the projection gives them;
  /// differentiable in `context`, without gradients of weights. The first `equal` contexts are promised to be the same
  /// numbers, so that they may be computed once.
  virtual Tensor encode(const Tensor& context, std::int64_t equal = 0) = 0;
  /// About what a context's way there and back takes of memory.
  virtual double bytes() const = 0;
};

}  // namespace fedorbit
