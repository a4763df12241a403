#include "simulation/pretrain_augment.hpp"

#include <ATen/ops/flip.h>
#include <ATen/ops/rot90.h>

#include <algorithm>
#include <cmath>

#include "data/transform.hpp"

namespace fedorbit {
namespace {

Tensor cropped(const Tensor& image, double smallest, Stream& stream) {
  const std::int64_t rows = image.size(1), columns = image.size(2);
  const double area = stream.uniform(smallest, 1) * double(rows * columns);
  const double ratio =
      smallest < 1 ? std::exp(stream.uniform(-1, 1) * std::log(4.0 / 3)) : double(columns) / double(rows);
  const auto side = [&](double length, std::int64_t most) {
    return std::clamp(std::int64_t(std::llround(length)), std::int64_t(1), most);
  };
  const std::int64_t height = side(std::sqrt(area / ratio), rows), width = side(std::sqrt(area * ratio), columns);
  const auto top = std::int64_t(stream.below(std::uint64_t(rows - height + 1)));
  const auto left = std::int64_t(stream.below(std::uint64_t(columns - width + 1)));
  return image.narrow(1, top, height).narrow(2, left, width);
}

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

}  // namespace

Tensor augmented(const Tensor& image, std::int64_t size, const AugmentationOptions& options, Stream stream) {
  Tensor out = resize_bicubic(cropped(image, options.smallest_crop, stream), size, size);
  if (options.turns) {
    out = at::rot90(out, std::int64_t(stream.below(4)), {1, 2});
    if (stream.below(2)) out = at::flip(out, {2});
  }
  out = out.clone(at::MemoryFormat::Contiguous);
  const auto changed = [&](double most) { return float(1 + stream.uniform(-most, most)); };
  const float brightness = changed(options.brightness), contrast = changed(options.contrast),
              colour = changed(options.colour);
  recolour(out.mutable_data_ptr<std::uint8_t>(), size * size, brightness, contrast, colour);
  return out;
}

}  // namespace fedorbit
