// Random views of an image: crops, turns, and changes of light and colour; and the words that are true of a view.
#pragma once
#include <array>
#include <string_view>

#include "core/keys.hpp"
#include "core/tensor.hpp"
#include "data/augment.hpp"
#include "pretraining/options.hpp"

namespace fedorbit {

/// How an image will be seen once. It is drawn from the image's size alone: every rank knows the views of a whole
/// batch.
struct Viewpoint {
  Crop crop;
  double area = 1;  // of the crop, as a share of the image's
  int quarter_turns = 0;
  bool mirrored = false;
  double brightness = 1, contrast = 1, colour = 1;  // factors
};

/// Of an image of that size: a crop as data/augment.hpp draws it; factors are uniform within their option of 1.
Viewpoint drawn_view(const AugmentationOptions& options, std::int64_t rows, std::int64_t columns, Stream stream);

/// `image` (3, H, W) uint8 on the CPU -> (3, size, size) uint8: cropped, resized with antialiased bicubic weights,
/// turned, mirrored, its light and colour changed.
Tensor seen(const Tensor& image, std::int64_t size, const Viewpoint& view);

/// What can be said of a view, in the order in which it is said; a trait is a bit at the word's place.
inline constexpr std::array<std::string_view, 8> trait_words{"close", "wide",      "dark", "bright",
                                                             "pale",  "colourful", "flat", "stark"};

/// The traits of a view: of crop, brightness, colour and contrast each, its lowest or highest third of what the options
/// allow.
std::uint32_t traits(const Viewpoint& view, const AugmentationOptions& options);

}  // namespace fedorbit
