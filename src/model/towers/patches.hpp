// An image's patches as rows of pixels.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// The patches' pixels, (N, 3, S, S) -> (N, M, 3 P P): a convolution whose stride is its size is one product.
Tensor cut_patches(const Tensor& images, std::int64_t patch);

}  // namespace fedorbit
