// One image's group norm and its gradients, channels innermost. CPU and float32 only.
#pragma once
#include <cstdint>

namespace fedorbit {

/// An image (pixels, channels) whose channels are normed in equal groups of neighbours. Where it says `workspace`, that
/// is of 3 * channels numbers.
struct GroupNorm {
  std::int64_t pixels, channels, groups;

  /// y = (x - mean) rstd weight + bias by the mean and the reciprocal standard deviation of each group, epsilon 1e-5,
  /// which go to `statistics` (groups, 2).
  void forward(const float* x, const float* weight, const float* bias, float* y, float* statistics,
               float* workspace) const;
  /// dx, and what the image adds to the gradients of weight and bias, from dy and the forward's x and statistics.
  void backward(const float* dy, const float* x, const float* weight, const float* statistics, float* dx,
                float* dweight, float* dbias, float* workspace) const;
};

}  // namespace fedorbit
