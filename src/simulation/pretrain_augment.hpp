// Random views of an image: crops, turns, and changes of light and colour.
#pragma once
#include "core/keys.hpp"
#include "core/tensor.hpp"
#include "simulation/pretrain_options.hpp"

namespace fedorbit {

/// `image` (3, H, W) uint8 on the CPU -> (3, size, size) uint8: a random crop (area from smallest_crop to 1, sides 3:4
/// to 4:3) resized with antialiased bicubic weights, turned and mirrored, its light and colour changed.
Tensor augmented(const Tensor& image, std::int64_t size, const AugmentationOptions& options, Stream stream);

}  // namespace fedorbit
