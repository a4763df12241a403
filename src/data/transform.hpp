// CLIP's preprocessing of one image: what open_clip and OpenAI's code do with Pillow, to the same bytes.
#pragma once
#include <array>
#include <cstdint>

#include "core/tensor.hpp"

namespace fedorbit {

/// From any image to what the vision tower sees.
struct Transform {
  std::int64_t image_size = 224;                                  // pixels of the square that comes out
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};  // OpenAI's constants, of values in [0, 1]
  std::array<double, 3> standard_deviation{0.26862954, 0.26130258, 0.27577711};

  /// `image` (3, H, W) or (H, W, 3)-strided as (3, H, W), uint8 on the CPU, H and W above 0: the shorter side is
  /// resized to image_size (antialiased bicubic), the centre is cut out, and mirrored where that is asked for. Returns
  /// (3, S, S) uint8.
  Tensor square(const Tensor& image, bool mirrored = false) const;
  /// (..., 3, S, S) uint8 on any device -> float32: value / 255, less the mean, over the standard deviation.
  Tensor normalised(const Tensor& squares) const;
  /// Both: (3, S, S) float32.
  Tensor operator()(const Tensor& image) const { return normalised(square(image)); }
};

/// Whose means and deviations.
enum class Normalisation { clip, imagenet };

Transform transform_for(std::int64_t image_size, Normalisation normalisation);

/// Pillow's bicubic resize (data/resize.hpp) of uint8 (C, H, W), of any layout, to (C, height, width), contiguous.
Tensor resize_bicubic(const Tensor& image, std::int64_t height, std::int64_t width, bool mirrored = false);

}  // namespace fedorbit
