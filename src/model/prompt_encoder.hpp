// A way of encoding the prompts of all classes behind a learned context.
#pragma once
#include "core/tensor.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

class PromptEncoder {
 public:
  virtual ~PromptEncoder() = default;
  /// `context` (K, h, w) of K clients, any floating type -> (K, C, d) float32 features as the projection gives them;
  /// differentiable in `context`, without gradients of weights.
  virtual Tensor encode(const Tensor& context) = 0;
  /// About what a context's way there and back takes of memory.
  virtual double bytes() const = 0;
};

/// bytes() of a tower in LibTorch's operators, whose graph keeps what each of them read: `rows` a context, each of
/// which looks at `seen` others, numbers of `element` bytes.
inline double bytes_by_operators(const TowerConfig& tower, double rows, double seen, double element) {
  const double w = double(tower.width), m = double(tower.mlp_width), heads = double(tower.heads);
  return element * double(tower.layers) * rows * (5 * w + 2 * m + heads * seen);
}

}  // namespace fedorbit
