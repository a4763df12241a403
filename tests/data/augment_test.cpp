// Augmented views: reproducible by seed, image and view, and as the recipe says.
#include "data/augment.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/transform.hpp"

namespace fedorbit {
namespace {

/// (3, H, W) whose red grows to the right and whose green grows downwards.
Tensor slope(std::int64_t height, std::int64_t width) {
  Tensor image = at::zeros({3, height, width}, at::kByte);
  image[0].copy_(at::arange(width).unsqueeze(0).expand({height, width}));
  image[1].copy_(at::arange(height).unsqueeze(1).expand({height, width}));
  return image;
}

TEST(AugmentedViews, are_a_pure_function_of_seed_image_and_view) {
  const Tensor image = slope(200, 180);
  ViewOptions options;
  options.smallest_crop = 0.3;
  const Tensor view = augmented_view(image, 32, options, 5, 1);
  EXPECT_EQ(view.sizes(), at::IntArrayRef({3, 32, 32}));
  EXPECT_TRUE(at::equal(view, augmented_view(image, 32, options, 5, 1)));
  EXPECT_FALSE(at::equal(view, augmented_view(image, 32, options, 5, 2)));
  EXPECT_FALSE(at::equal(view, augmented_view(image, 32, options, 6, 1)));
  options.seed = 2;
  EXPECT_FALSE(at::equal(view, augmented_view(image, 32, options, 5, 1)));
}

TEST(AugmentedViews, show_the_share_of_the_image_that_is_asked_for) {
  const std::int64_t side = 200;
  const Tensor image = slope(side, side);
  ViewOptions options;
  options.smallest_crop = 0.5;
  options.flip = false;
  double smallest = 1, largest = 0, narrowest = 9, widest = 0;
  for (std::int64_t i = 0; i < 300; ++i) {
    const Tensor view = augmented_view(image, 64, options, i, 1).to(at::kDouble);
    // Slopes tell the crop's sides, less half a pixel of the small image at each end.
    const double width = (view[0].max() - view[0].min()).item<double>() / side * 64 / 63;
    const double height = (view[1].max() - view[1].min()).item<double>() / side * 64 / 63;
    smallest = std::min(smallest, width * height), largest = std::max(largest, width * height);
    narrowest = std::min(narrowest, width / height), widest = std::max(widest, width / height);
  }
  EXPECT_NEAR(smallest, 0.5, 0.03);
  EXPECT_GT(largest, 0.9);
  EXPECT_NEAR(narrowest, 0.75, 0.05);
  EXPECT_NEAR(widest, 4.0 / 3, 0.08);
}

TEST(AugmentedViews, are_mirrored_every_other_time) {
  const Tensor image = slope(100, 100);
  ViewOptions options;
  int mirrored = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    const Tensor view = augmented_view(image, 16, options, i, 3).to(at::kInt);
    mirrored += (view[0][0][0] > view[0][0][15]).item<bool>();
  }
  EXPECT_NEAR(mirrored, 200, 50);
}

TEST(AugmentedViews, of_images_too_long_for_any_draw_are_cut_from_the_centre) {
  ViewOptions options;
  options.smallest_crop = 1;
  options.flip = false;
  const Tensor view = augmented_view(slope(30, 120), 16, options, 1, 1);
  EXPECT_TRUE(at::equal(view, resize_bicubic(slope(30, 120).narrow(2, 40, 40), 16, 16)));
  EXPECT_EQ(augmented_view(slope(1, 1), 4, options, 1, 1).sizes(), at::IntArrayRef({3, 4, 4}));
}

}  // namespace
}  // namespace fedorbit
