#include "data/transform.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "data/resize.hpp"

namespace fedorbit {
namespace {

/// Python's round(difference / 2): halves go to the even number.
std::int64_t margin(std::int64_t difference) { return std::int64_t(std::nearbyint(double(difference) / 2)); }

}  // namespace

Tensor resize_bicubic(const Tensor& image, std::int64_t height, std::int64_t width, bool mirrored) {
  require(image.dim() == 3 && image.scalar_type() == at::kByte && image.device().is_cpu() && image.numel() > 0,
          "an image to resize is uint8 (channels, height, width) on the CPU and not empty; this one is ",
          image.toString(), " ", image.sizes(), ".");
  require(height > 0 && width > 0, "an image cannot be resized to ", height, " x ", width, " pixels.");
  const std::int64_t channels = image.size(0);
  Tensor out = at::empty({channels, height, width}, at::kByte);
  auto* place = out.mutable_data_ptr<std::uint8_t>();
  const auto resize = [&](const Tensor& pixels, std::int64_t together) {
    resize_window(
        {pixels.const_data_ptr<std::uint8_t>(), pixels.size(-2), pixels.size(-1), together, pixels.stride(-2)}, height,
        width, mirrored, place);
    place += together * height * width;
  };
  if (image.stride(0) == 1 && image.stride(2) == channels) {  // (H, W, C), as data sets keep them
    resize(image, channels);
  } else {
    const Tensor planes = image.stride(2) == 1 ? image : image.contiguous();
    for (std::int64_t c = 0; c < channels; ++c) resize(planes[c], 1);
  }
  return out;
}

Transform transform_for(std::int64_t image_size, Normalisation normalisation) {
  Transform out{image_size};
  if (normalisation == Normalisation::imagenet)
    out.mean = {0.485, 0.456, 0.406}, out.standard_deviation = {0.229, 0.224, 0.225};
  return out;
}

Tensor Transform::square(const Tensor& image, bool mirrored) const {
  require(image.dim() == 3 && image.size(0) == 3, "CLIP's preprocessing wants an image of (3, height, width), not ",
          image.sizes(), ".");
  const std::int64_t rows = image.size(1), columns = image.size(2), shorter = std::min(rows, columns);
  require(shorter > 0, "CLIP's preprocessing was given an image without pixels.");
  const auto scaled = [&](std::int64_t side) { return side == shorter ? image_size : image_size * side / shorter; };
  const std::int64_t height = scaled(rows), width = scaled(columns);
  const std::int64_t left = margin(width - image_size);
  const Tensor resized = resize_bicubic(image, height, width, mirrored);
  return resized.narrow(1, margin(height - image_size), image_size)
      .narrow(2, mirrored ? width - image_size - left : left, image_size)
      .contiguous();
}

Tensor Transform::normalised(const Tensor& squares) const {
  const auto options = at::TensorOptions(at::kFloat);
  const auto channels = [&](const std::array<double, 3>& values) {
    return at::tensor(at::ArrayRef<double>(values), options).view({3, 1, 1}).to(squares.device());
  };
  return squares.to(at::kFloat).div(255).sub_(channels(mean)).div_(channels(standard_deviation));
}

}  // namespace fedorbit
