#include "pretraining/augment.hpp"

#include <ATen/ops/flip.h>
#include <ATen/ops/rot90.h>

#include <algorithm>
#include <cmath>

namespace fedorbit {
namespace {

/// p -> grey + saturation (p - grey), about which contrast and brightness work: m + contrast (p - m), times brightness,
/// where grey is the pixel's lightness and m the image's mean lightness.
void recolour(std::uint8_t* pixels, std::int64_t count, float brightness, float contrast, float saturation) {
  std::uint8_t *r = pixels, *g = r + count, *b = g + count;
  const auto lightness = [&](std::int64_t i) { return 0.299f * r[i] + 0.587f * g[i] + 0.114f * b[i]; };
  float mean = 0;
  for (std::int64_t i = 0; i < count; ++i) mean += lightness(i);
  mean /= float(count);
  const float gain = brightness * contrast, offset = brightness * (1 - contrast) * mean + 0.5f;
  for (std::int64_t i = 0; i < count; ++i) {
    const float grey = lightness(i), base = gain * (1 - saturation) * grey + offset, own = gain * saturation;
    for (std::uint8_t* channel : {r, g, b}) channel[i] = std::uint8_t(std::clamp(base + own * channel[i], 0.f, 255.f));
  }
}

/// 1 in the lowest third of [low, high], 2 in the highest, 0 between them or where they are one.
std::uint32_t third(double value, double low, double high) {
  if (high <= low) return 0;
  const double place = (value - low) / (high - low);
  return place < 1.0 / 3 ? 1 : place > 2.0 / 3 ? 2 : 0;
}

}  // namespace

Viewpoint drawn_view(const AugmentationOptions& options, std::int64_t rows, std::int64_t columns, Stream stream) {
  Viewpoint out;
  out.crop = drawn_crop(rows, columns, options.smallest_crop, stream);
  out.area = double(out.crop.height * out.crop.width) / double(rows * columns);
  if (options.turns) {
    out.quarter_turns = int(stream.below(4));
    out.mirrored = stream.below(2) == 1;
  }
  const auto factor = [&](double most) { return 1 + stream.uniform(-most, most); };
  out.brightness = factor(options.brightness);
  out.contrast = factor(options.contrast);
  out.colour = factor(options.colour);
  return out;
}

Tensor seen(const Tensor& image, std::int64_t size, const Viewpoint& view) {
  Tensor out = at::rot90(cropped(image, view.crop, size), view.quarter_turns, {1, 2});
  if (view.mirrored) out = at::flip(out, {2});
  out = out.clone(at::MemoryFormat::Contiguous);
  recolour(out.mutable_data_ptr<std::uint8_t>(), size * size, float(view.brightness), float(view.contrast),
           float(view.colour));
  return out;
}

std::uint32_t traits(const Viewpoint& view, const AugmentationOptions& options) {
  const auto around_one = [](double value, double most) { return third(value, 1 - most, 1 + most); };
  return third(view.area, options.smallest_crop, 1) | around_one(view.brightness, options.brightness) << 2 |
         around_one(view.colour, options.colour) << 4 | around_one(view.contrast, options.contrast) << 6;
}

}  // namespace fedorbit
