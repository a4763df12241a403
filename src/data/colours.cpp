#include "data/colours.hpp"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/error.hpp"

namespace fedorbit {
namespace {

inline float clamped(float x) { return std::min(std::max(x, 0.0F), 1.0F); }

inline float grey_of(float red, float green, float blue) { return 0.2989F * red + 0.587F * green + 0.114F * blue; }

/// Three planes of as many pixels each, one after another, values in [0, 1].
struct Planes {
  explicit Planes(std::int64_t pixels) : pixels(pixels), values(std::size_t(3 * pixels)) {}
  float* plane(int channel) { return values.data() + channel * pixels; }

  std::int64_t pixels;
  std::vector<float> values;
};

FEDORBIT_CLONES void scale_and_add(std::int64_t count, float factor, float added, float* values) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = clamped(factor * values[i] + added);
}

float mean_grey(Planes& planes) {
  const float *red = planes.plane(0), *green = planes.plane(1), *blue = planes.plane(2);
  double sum = 0;
  for (std::int64_t i = 0; i < planes.pixels; ++i) sum += double(grey_of(red[i], green[i], blue[i]));
  return float(sum / double(planes.pixels));
}

/// The given share of each pixel's colour, the rest of its grey.
FEDORBIT_CLONES void saturate(std::int64_t pixels, float factor, float* red, float* green, float* blue) {
  for (std::int64_t i = 0; i < pixels; ++i) {
    const float grey = (1 - factor) * grey_of(red[i], green[i], blue[i]);
    red[i] = clamped(factor * red[i] + grey);
    green[i] = clamped(factor * green[i] + grey);
    blue[i] = clamped(factor * blue[i] + grey);
  }
}

/// One channel of a colour of that hue, in sixths of the circle, value and chroma; n is 5, 3 and 1 for red, green and
/// blue: value - chroma * max(0, min(k, 4 - k, 1)), k = (n + hue) mod 6.
inline float of_hue(float n, float hue, float value, float chroma) {
  float k = n + hue;  // from -3 to 13
  k = k < 0 ? k + 6 : k;
  k = k >= 6 ? k - 6 : k;
  k = k >= 6 ? k - 6 : k;
  return value - chroma * std::max(0.0F, std::min(k, std::min(4 - k, 1.0F)));
}

FEDORBIT_CLONES void turn_hues(std::int64_t pixels, float turns, float* red, float* green, float* blue) {
  for (std::int64_t i = 0; i < pixels; ++i) {
    const float r = red[i], g = green[i], b = blue[i];
    const float value = std::max(r, std::max(g, b)), chroma = value - std::min(r, std::min(g, b));
    const float over = 1 / (chroma > 0 ? chroma : 1);
    const float from_red = (g - b) * over, from_green = 2 + (b - r) * over, from_blue = 4 + (r - g) * over;
    const float hue = 6 * turns + (value == r ? from_red : value == g ? from_green : from_blue);
    red[i] = of_hue(5, hue, value, chroma);
    green[i] = of_hue(3, hue, value, chroma);
    blue[i] = of_hue(1, hue, value, chroma);
  }
}

void jitter(Planes& planes, Disturbance::Step step, float amount) {
  const std::int64_t pixels = planes.pixels;
  float *red = planes.plane(0), *green = planes.plane(1), *blue = planes.plane(2);
  switch (step) {
    case Disturbance::brightness:
      return scale_and_add(3 * pixels, amount, 0, red);
    case Disturbance::contrast:
      return scale_and_add(3 * pixels, amount, (1 - amount) * mean_grey(planes), red);
    case Disturbance::saturation:
      return saturate(pixels, amount, red, green, blue);
    case Disturbance::hue:
      return turn_hues(pixels, amount, red, green, blue);
  }
}

/// The place of an index beyond a side, mirrored at the edge pixel.
std::int64_t mirrored(std::int64_t i, std::int64_t side) {
  const std::int64_t positive = std::abs(i);
  return positive < side ? positive : 2 * (side - 1) - positive;
}

FEDORBIT_CLONES void add_scaled(float* out, const float* in, float weight, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] += weight * in[i];
}

void blur(float* plane, std::int64_t side, double deviation) {
  const std::int64_t reach = std::min<std::int64_t>(side - 1, std::llround(std::ceil(3 * deviation)));
  std::vector<float> weights;
  double sum = 0;
  for (std::int64_t t = -reach; t <= reach; ++t) sum += std::exp(-0.5 * double(t * t) / (deviation * deviation));
  for (std::int64_t t = -reach; t <= reach; ++t)
    weights.push_back(float(std::exp(-0.5 * double(t * t) / (deviation * deviation)) / sum));
  std::vector<float> wide(std::size_t(side + 2 * reach)), rows(std::size_t(side * side), 0.0F);
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = -reach; x < side + reach; ++x)
      wide[std::size_t(x + reach)] = plane[y * side + mirrored(x, side)];
    for (std::size_t t = 0; t < weights.size(); ++t)
      add_scaled(rows.data() + y * side, wide.data() + t, weights[t], side);
  }
  std::fill_n(plane, side * side, 0.0F);
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t t = -reach; t <= reach; ++t)
      add_scaled(plane + y * side, rows.data() + mirrored(y + t, side) * side, weights[std::size_t(t + reach)], side);
}

}  // namespace

Disturbance Disturbance::drawn(const ColourOptions& options, std::int64_t side, Stream& stream) {
  Disturbance out;
  const double jittered = stream.uniform(), grey = stream.uniform(), blurred = stream.uniform(),
               deviation = stream.uniform(0.1, 2) * double(side) / 224;
  out.jittered = jittered < options.jitter;
  out.grey = grey < options.greyscale;
  if (blurred < options.blur) out.blur = deviation;
  stream.shuffle(std::span<Step>(out.order));
  for (const auto& [step, strength] : {std::pair{brightness, options.brightness},
                                       {contrast, options.contrast},
                                       {saturation, options.saturation},
                                       {hue, options.hue}})
    out.amount[step] += stream.uniform(-strength, strength);
  return out;
}

Tensor disturbed(const Tensor& view, const Disturbance& drawn) {
  if (!drawn.jittered && !drawn.grey && drawn.blur == 0) return view;
  const std::int64_t side = view.size(1);
  require(view.size(2) == side && view.is_contiguous(), "colours are disturbed of squares that lie as one piece.");
  Planes planes(side * side);
  const auto* bytes = view.const_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < planes.values.size(); ++i) planes.values[i] = float(bytes[i]) * (1.0F / 255);
  if (drawn.jittered)
    for (const Disturbance::Step step : drawn.order) jitter(planes, step, float(drawn.amount[step]));
  if (drawn.grey) saturate(planes.pixels, 0, planes.plane(0), planes.plane(1), planes.plane(2));
  for (int channel = 0; drawn.blur > 0 && channel < 3; ++channel) blur(planes.plane(channel), side, drawn.blur);
  Tensor out = at::empty_like(view);
  auto* to = out.mutable_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < planes.values.size(); ++i) to[i] = std::uint8_t(clamped(planes.values[i]) * 255 + 0.5F);
  return out;
}

}  // namespace fedorbit
