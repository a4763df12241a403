// The group norm of a network that is trained (Wu and He 2018, arXiv 1803.08494), with gradients.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// x (N, C, H, W), weight and bias (C) -> (N, C, H, W), by the statistics of each image's groups of C / groups
/// channels, epsilon 1e-5. On a CPU in float32 with channels innermost it takes kernels of our own, since LibTorch's
/// take ten times as long where groups are of a few channels; else it is LibTorch's.
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias);

}  // namespace fedorbit
