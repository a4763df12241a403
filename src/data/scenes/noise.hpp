// Smooth seeded noise over the plane: a pure function of the point, so that any pixel size sees the same ground.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "data/scenes/geometry.hpp"

namespace fedorbit::scenes {

/// 32 well mixed bits of a pair of integers and a seed (a multiply-xorshift hash).
inline std::uint32_t hashed(std::uint32_t x, std::uint32_t y, std::uint32_t seed) {
  std::uint32_t h = x * 0x9E3779B1u ^ (y * 0x85EBCA77u + seed * 0xC2B2AE3Du);
  h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  h = (h ^ (h >> 12)) * 0x297A2D39u;
  return h ^ (h >> 15);
}

/// Values of a square lattice that repeats after 256 cells. Looking one up is several times as fast as hashing it, and
/// a seed chooses where in it a noise begins.
inline const float* noise_lattice() {
  static const std::vector<float> values = [] {
    std::vector<float> made(1 << 16);
    for (std::uint32_t i = 0; i < made.size(); ++i) made[i] = float(hashed(i & 255, i >> 8, 1) >> 8) * 0x1.0p-24f;
    return made;
  }();
  return values.data();
}

class Noise {
 public:
  explicit Noise(std::uint32_t seed) : lattice_(noise_lattice()), start_(hashed(seed, 0, 2)) {}

  /// Value noise in [0, 1] that changes over a distance of 1 / frequency.
  float smooth(Point p, float frequency) const {
    const float x = p.x * frequency + 4096, y = p.y * frequency + 4096;
    const int column = int(x), row = int(y);
    const float u = eased(x - float(column)), v = eased(y - float(row));
    const float top = at(column, row) * (1 - u) + at(column + 1, row) * u;
    const float bottom = at(column, row + 1) * (1 - u) + at(column + 1, row + 1) * u;
    return top * (1 - v) + bottom * v;
  }
  /// Octaves of it, each of half the size and half the strength; in [0, 1].
  float rough(Point p, float frequency, int octaves) const {
    float sum = 0, weight = 0, strength = 1;
    for (int octave = 0; octave < octaves; ++octave, frequency *= 2, strength *= 0.5f) {
      sum += strength * smooth(p + Point{17.3f * float(octave), 0}, frequency);
      weight += strength;
    }
    return sum / weight;
  }

 private:
  static float eased(float t) { return t * t * (3 - 2 * t); }
  float at(int column, int row) const {
    return lattice_[((std::uint32_t(column) + start_) & 255) | (((std::uint32_t(row) + (start_ >> 8)) & 255) << 8)];
  }
  const float* lattice_;
  std::uint32_t start_;
};

}  // namespace fedorbit::scenes
