// Random views depend on their key, and do no more than the options allow.
#include "pretraining/augment.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace fedorbit {
namespace {

constexpr AugmentationOptions nothing{.smallest_crop = 1, .brightness = 0, .contrast = 0, .colour = 0, .turns = false};

Tensor picture(std::int64_t rows, std::int64_t columns) {
  return (at::arange(3 * rows * columns) * 37 % 251).to(at::kByte).view({3, rows, columns});
}
Tensor augmented(const Tensor& image, std::int64_t size, const AugmentationOptions& options, Stream stream) {
  return seen(image, size, drawn_view(options, image.size(1), image.size(2), stream));
}
Stream key(std::uint64_t epoch, std::uint64_t image) { return Keys(1).stream(Purpose::augment, epoch, image); }

TEST(Augmentation, IsNothingWhereTheOptionsAllowNothing) {
  EXPECT_TRUE(at::equal(augmented(picture(16, 16), 16, nothing, key(0, 0)), picture(16, 16)));
}

TEST(Augmentation, IsAPureFunctionOfItsKey) {
  const AugmentationOptions all;
  EXPECT_TRUE(
      at::equal(augmented(picture(40, 30), 16, all, key(2, 7)), augmented(picture(40, 30), 16, all, key(2, 7))));
  EXPECT_FALSE(
      at::equal(augmented(picture(40, 30), 16, all, key(2, 7)), augmented(picture(40, 30), 16, all, key(3, 7))));
  EXPECT_FALSE(
      at::equal(augmented(picture(40, 30), 16, all, key(2, 7)), augmented(picture(40, 30), 16, all, key(2, 8))));
}

TEST(Augmentation, TurnsMovePixelsWithoutChangingThemAndReachAllEightPlaces) {
  AugmentationOptions turns = nothing;
  turns.turns = true;
  const Tensor before = picture(16, 16);
  std::vector<Tensor> seen;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Tensor after = augmented(before, 16, turns, key(0, i));
    EXPECT_TRUE(at::equal(std::get<0>(after.flatten(1).sort(1)), std::get<0>(before.flatten(1).sort(1))));
    bool known = false;
    for (const Tensor& other : seen) known |= at::equal(other, after);
    if (!known) seen.push_back(after);
  }
  EXPECT_EQ(seen.size(), 8u);
}

TEST(Augmentation, BrightnessScalesAllPixelsAlike) {
  AugmentationOptions light = nothing;
  light.brightness = 0.2;
  const Tensor after = augmented(at::full({3, 8, 8}, 100, at::kByte), 8, light, key(1, 1));
  EXPECT_EQ(after.min().item<int>(), after.max().item<int>());
  EXPECT_NE(after.max().item<int>(), 100);
  EXPECT_GE(after.min().item<int>(), 79);
  EXPECT_LE(after.max().item<int>(), 121);
}

TEST(Augmentation, ColourKeepsGreyPixelsGrey) {
  AugmentationOptions colour = nothing;
  colour.colour = 1;
  const Tensor grey = at::arange(64).to(at::kByte).view({1, 8, 8}).expand({3, 8, 8}).contiguous();
  EXPECT_LE((augmented(grey, 8, colour, key(1, 1)).to(at::kInt) - grey.to(at::kInt)).abs().max().item<int>(), 1);
}

TEST(Augmentation, TraitsAreTheOuterThirdsOfWhatTheOptionsAllow) {
  const AugmentationOptions options{.smallest_crop = 0.1, .brightness = 0.3, .contrast = 0.3, .colour = 0};
  EXPECT_EQ(traits({.area = 0.2, .brightness = 1.25}, options), 1u | 8u);
  EXPECT_EQ(traits({.area = 0.9, .brightness = 1.05, .contrast = 0.75}, options), 2u | 64u);
  EXPECT_EQ(traits({.area = 0.5, .colour = 1}, options), 0u);
}

}  // namespace
}  // namespace fedorbit
