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

}  // namespace fedorbit
