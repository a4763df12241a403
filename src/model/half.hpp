// Numbers as matrix products want them, float32 or bfloat16, read and written in loops that compilers vectorise.
#pragma once
#include <bit>
#include <cstdint>

namespace fedorbit {

/// The upper half of a float32.
struct BFloat16 {
  std::uint16_t bits;
};

inline __attribute__((always_inline)) float widened(float x) { return x; }
inline __attribute__((always_inline)) float widened(BFloat16 x) {
  return std::bit_cast<float>(std::uint32_t(x.bits) << 16);
}

/// To the nearest, ties to even; not-a-numbers as arithmetic makes them stay what they are.
inline __attribute__((always_inline)) void narrowed(float x, float& out) { out = x; }
inline __attribute__((always_inline)) void narrowed(float x, BFloat16& out) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  out.bits = std::uint16_t((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

/// e^x within two units in the last place, for |x| <= 87, and e^+-87 beyond. The nearest integer of x / ln 2
/// comes from adding 1.5 * 2^23, the rest from the series.
inline __attribute__((always_inline)) float exponential(float x) {
  constexpr float magic = 12582912.f;
  x = x < -87.f ? -87.f : x > 87.f ? 87.f : x;
  const float n = (x * 1.44269504f + magic) - magic;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  const float series =
      1 + r * (1 + r * (1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r * (1 / 120.f + r * (1 / 720.f + r / 5040.f))))));
  return series * std::bit_cast<float>((std::int32_t(n) + 127) << 23);
}

}  // namespace fedorbit
