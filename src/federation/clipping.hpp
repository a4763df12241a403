// Gradient clipping (Pascanu et al. 2013, arXiv 1211.5063): how much of a direction a client keeps.
#pragma once
#include <span>

#include "core/tensor.hpp"

namespace fedorbit {

/// (K) float32: min(1, most / (norm + 1e-6)), as PyTorch has it, where a client's norm is that of its rows in all of
/// these (K, n) together. One client's factor does not depend on the others'.
Tensor clip_factors(std::span<const Tensor> gradients, double most);

}  // namespace fedorbit
