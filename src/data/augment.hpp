// Crops and views of an image as training recipes make them: a random crop, resized, and a flip.
#pragma once
#include <cstdint>
#include <string>

#include "core/keys.hpp"
#include "core/options.hpp"
#include "core/tensor.hpp"

namespace fedorbit {

struct ViewOptions {
  std::int64_t count = 0, seed = 1;
  double smallest_crop = 0.9;
  bool flip = true;
  void fields(OptionList& v) {
    v("count", count, "views", "augmented views of each image, beside the plain one", 0, 1000);
    v("seed", seed, "", "of the views", 0, 9e15);
    v("smallest_crop", smallest_crop, "", "the least share of an image's area that a view shows", 0.01, 1);
    v("flip", flip, "whether every other view is mirrored");
  }
  /// What the views depend on, in words; empty without views.
  std::string recipe() const;
};

/// A part of an image, in pixels.
struct Crop {
  std::int64_t top, left, height, width;
};

/// A crop whose area is uniform in [smallest, 1] of the image's and whose sides' ratio is log-uniform from 3:4 to 4:3,
/// as in torchvision's RandomResizedCrop (ten draws, else the largest centre crop of an allowed ratio).
Crop drawn_crop(std::int64_t rows, std::int64_t columns, double smallest, Stream& stream);

/// That part of `image` (3, H, W) uint8, resized with antialiased bicubic weights, mirrored or not: (3, size, size)
/// uint8.
Tensor cropped(const Tensor& image, const Crop& crop, std::int64_t size, bool mirrored = false);

/// A drawn crop; with `flip`, mirrored with probability 1/2.
Tensor random_view(const Tensor& image, std::int64_t size, double smallest_crop, bool flip, Stream& stream);

/// View `view` (from 1) of image `sample`, a pure function of (seed, sample, view).
Tensor augmented_view(const Tensor& image, std::int64_t size, const ViewOptions& options, std::int64_t sample,
                      std::int64_t view);

}  // namespace fedorbit
