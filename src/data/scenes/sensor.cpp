#include "data/scenes/sensor.hpp"

#include "data/scenes/noise.hpp"

namespace fedorbit::scenes {
namespace {

float grey(Colour c) { return 0.30f * c.r + 0.59f * c.g + 0.11f * c.b; }

/// Separable Gaussian blur, `deviation` in pixels.
void blur(std::vector<Colour>& colours, int size, float deviation) {
  const int reach = int(std::ceil(2.5f * deviation));
  std::vector<float> weights;
  float sum = 0;
  for (int i = -reach; i <= reach; ++i) {
    weights.push_back(std::exp(-0.5f * float(i * i) / (deviation * deviation)));
    sum += weights.back();
  }
  for (float& weight : weights) weight /= sum;
  std::vector<Colour> line(std::size_t(size) + 2 * reach);
  const auto along = [&](std::size_t start, std::size_t step) {
    for (int i = -reach; i < size + reach; ++i) line[i + reach] = colours[start + step * std::clamp(i, 0, size - 1)];
    for (int i = 0; i < size; ++i) {
      Colour total;
      for (std::size_t j = 0; j < weights.size(); ++j) total = total + weights[j] * line[i + j];
      colours[start + step * i] = total;
    }
  };
  for (int i = 0; i < size; ++i) along(std::size_t(i) * size, 1);
  for (int i = 0; i < size; ++i) along(std::size_t(i), std::size_t(size));
}

/// Near infrared, red and green shown as red, green and blue: plants, which reflect near infrared, turn red.
Colour infrared(Colour c) {
  const float plants = std::max(0.f, c.g - 0.5f * (c.r + c.b));
  return {0.45f * (c.r + c.g) + 3.2f * plants, 0.9f * c.r, 0.9f * c.g};
}

std::uint8_t byte(float value) { return std::uint8_t(std::clamp(value, 0.f, 1.f) * 255 + 0.5f); }

}  // namespace

const std::vector<Sensor>& sensors() {
  using enum Sensor::Spectrum;
  static const std::vector<Sensor> all = {
      {.name = "aerial", .green_low = 0.35f, .green_high = 1},
      {.name = "satellite",
       .green_low = 0.3f,
       .green_high = 0.9f,
       .haze = 0.14f,
       .blur = 0.7f,
       .saturation = 0.85f,
       .tint = {0.94f, 1, 1.05f}},
      {.name = "dry season", .green_low = 0, .green_high = 0.3f, .haze = 0.05f, .tint = {1.08f, 1, 0.9f}},
      {.name = "winter",
       .green_low = 0,
       .green_high = 0.35f,
       .snow = 0.75f,
       .blur = 0.3f,
       .saturation = 0.7f,
       .shadow = 0.075f,
       .tint = {0.95f, 0.98f, 1.06f}},
      {.name = "autumn",
       .green_low = 0.15f,
       .green_high = 0.6f,
       .autumn = 0.8f,
       .noise = 0.02f,
       .shadow = 0.06f,
       .tint = {1.05f, 1, 0.92f}},
      {.name = "hazy",
       .green_low = 0.3f,
       .green_high = 0.9f,
       .haze = 0.38f,
       .blur = 0.5f,
       .noise = 0.015f,
       .saturation = 0.75f},
      {.name = "infrared", .green_low = 0.45f, .green_high = 1, .blur = 0.35f, .noise = 0.015f, .spectrum = infrared},
      {.name = "panchromatic", .green_low = 0.2f, .green_high = 0.9f, .noise = 0.03f, .spectrum = grey},
      {.name = "coarse", .green_low = 0.3f, .green_high = 1, .haze = 0.08f, .blur = 1.2f, .noise = 0.02f},
  };
  return all;
}

std::vector<std::uint8_t> developed(Canvas& canvas, const Sensor& sensor, Stream& random) {
  const int size = canvas.size();
  std::vector<Colour>& colours = canvas.colours();
  const float deviation = sensor.blur * float(size) / 64;
  if (deviation > 0.05f) blur(colours, size, deviation);
  const float exposure = float(random.uniform(0.85, 1.15)), haze = sensor.haze * float(random.uniform(0.7, 1.3));
  const float warmth = float(random.uniform(-0.04, 0.04));
  const Colour air{0.74f, 0.78f, 0.83f};
  const std::uint32_t seed = random.bits();
  std::vector<std::uint8_t> bytes(colours.size() * 3);
  for (std::size_t i = 0; i < colours.size(); ++i) {
    Colour c = exposure * colours[i];
    c = {c.r * sensor.tint.r * (1 + warmth), c.g * sensor.tint.g, c.b * sensor.tint.b * (1 - warmth)};
    if (sensor.spectrum == Sensor::Spectrum::infrared) c = infrared(c);
    const float light = grey(c);
    c = mix({light, light, light}, c, sensor.spectrum == Sensor::Spectrum::grey ? 0 : sensor.saturation);
    c = mix(c, air, haze);
    // The sum of four uniform bytes is close to normal: mean 510, standard deviation 147.8.
    const std::uint32_t bits = hashed(std::uint32_t(i), 0, seed);
    const float sum = float((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24));
    const float noise = sensor.noise * (sum - 510) / 147.8f;
    bytes[3 * i] = byte(c.r + noise);
    bytes[3 * i + 1] = byte(c.g + noise);
    bytes[3 * i + 2] = byte(c.b + noise);
  }
  return bytes;
}

}  // namespace fedorbit::scenes
