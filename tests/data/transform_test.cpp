// CLIP's preprocessing gives what open_clip gives (tests/golden/make_transform.py).
#include "data/transform.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "io/safetensors.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {
namespace {

/// The image that make_transform.py describes, (3, height, width) uint8.
Tensor generated_image(std::int64_t height, std::int64_t width) {
  Tensor out = at::empty({height, width, 3}, at::kByte);
  auto* byte = out.mutable_data_ptr<std::uint8_t>();
  auto state = std::uint32_t(height * 1000 + width);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        state = state * 1664525u + 1013904223u;
        const auto noise = std::uint8_t(state >> 24);
        *byte++ = (x / 8 + y / 8) % 2 ? std::uint8_t(((x * 5 + y * 3 + c * 40) % 256 + noise) / 2) : noise;
      }
  return out.permute({2, 0, 1});
}

TEST(Transform, matches_open_clip_to_the_byte_for_images_larger_smaller_square_and_long) {
  const auto golden = read_safetensors(source_folder() / "tests/golden/transform.safetensors");
  ASSERT_EQ(golden.tensors.size(), 10u);
  for (const auto& [name, expected] : golden.tensors) {
    long height = 0, width = 0, size = 0;
    ASSERT_EQ(std::sscanf(name.c_str(), "%ldx%ldto%ld", &height, &width, &size), 3);
    Transform transform;
    transform.image_size = size;
    const Tensor image = generated_image(height, width), actual = transform(image);
    EXPECT_EQ(actual.sizes(), expected.sizes()) << name;
    // One step of a byte is 0.0146 after normalisation.
    EXPECT_LT((actual - expected).abs().max().item<float>(), 1e-6) << name;
    EXPECT_TRUE(at::equal(actual, transform(image.contiguous()))) << name << ": strides mattered";
  }
}

TEST(Transform, normalises_many_squares_as_it_does_one) {
  const Transform transform{8};
  const Tensor squares = at::randint(0, 256, {4, 2, 3, 8, 8}, at::kByte);
  const Tensor all = transform.normalised(squares);
  EXPECT_EQ(all.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(all[3][1], transform.normalised(squares[3][1])));
  EXPECT_NEAR(transform.normalised(at::full({3, 1, 1}, 255, at::kByte))[0].item<float>(), (1 - 0.48145466) / 0.26862954,
              1e-6);
}

TEST(Transform, refuses_what_is_no_image_in_a_sentence) {
  const Transform transform{8};
  EXPECT_THROW(transform(at::zeros({1, 5, 5}, at::kByte)), Error);
  EXPECT_THROW(transform(at::zeros({3, 0, 5}, at::kByte)), Error);
  EXPECT_THROW(transform(at::zeros({3, 5, 5})), Error);
  EXPECT_THROW(transform(at::zeros({5, 5}, at::kByte)), Error);
}

}  // namespace
}  // namespace fedorbit
