// Several numbers at once, as compilers' vector extensions give them: for loops that compilers do not vectorise well.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "model/towers/half.hpp"

namespace fedorbit {

/// `count` neighbours. What a processor cannot do at once, compilers do in parts.
template <int count>
struct Vector {
  using Floats __attribute__((vector_size(4 * count))) = float;
  using Bits __attribute__((vector_size(4 * count))) = std::uint32_t;
  using Integers __attribute__((vector_size(4 * count))) = std::int32_t;
  using Halves __attribute__((vector_size(2 * count))) = std::uint16_t;
};
using Lanes8 = Vector<8>::Floats;
using Lanes16 = Vector<16>::Floats;  // for AVX-512, and much slower than the other without

// What follows is for L = one of these, and for L = float, one number at a time.
template <class L>
constexpr std::int64_t lane_count = sizeof(L) / sizeof(float);

template <class L>
inline __attribute__((always_inline)) L loaded(const float* x) {
  L out;
  __builtin_memcpy(&out, x, sizeof(L));
  return out;
}

template <class L>
inline __attribute__((always_inline)) void stored(L x, float* out) {
  __builtin_memcpy(out, &x, sizeof(L));
}

/// Rounded as narrowed() does.
template <class L>
inline __attribute__((always_inline)) void stored(L x, BFloat16* out) {
  if constexpr (lane_count<L> == 1) {
    narrowed(x, *out);
  } else {
    using Halves = typename Vector<lane_count<L>>::Halves;
    const auto bits = std::bit_cast<typename Vector<lane_count<L>>::Bits>(x);
    const Halves upper = __builtin_convertvector((bits + 0x7fffu + (bits >> 16 & 1)) >> 16, Halves);
    __builtin_memcpy(out, &upper, sizeof(upper));
  }
}

/// Lane i is x's lane i + by, around the end; `by` is half, a quarter, ... of the lanes.
template <class L>
inline __attribute__((always_inline)) L rotated(L x, std::int64_t by) {
  const auto turned = [x]<int... i>(std::integer_sequence<int, i...>, auto constant) {
    return __builtin_shufflevector(x, x, (i + constant()) % int(lane_count<L>)...);
  };
  const std::make_integer_sequence<int, int(lane_count<L>)> all;
  if (by == 8) return turned(all, std::integral_constant<int, 8>());
  if (by == 4) return turned(all, std::integral_constant<int, 4>());
  if (by == 2) return turned(all, std::integral_constant<int, 2>());
  return turned(all, std::integral_constant<int, 1>());
}

template <class L>
struct OfLanes {
  using Bits = typename Vector<lane_count<L>>::Bits;
  using Integers = typename Vector<lane_count<L>>::Integers;
  static __attribute__((always_inline)) Integers truncated(L x) { return __builtin_convertvector(x, Integers); }
};
template <>
struct OfLanes<float> {
  using Bits = std::uint32_t;
  using Integers = std::int32_t;
  static __attribute__((always_inline)) Integers truncated(float x) { return Integers(x); }
};

/// e^x within two units in the last place, for |x| <= 87, and e^+-87 beyond; not-a-numbers stay what they are. The
/// nearest integer of x / ln 2 comes from adding 1.5 * 2^23, the rest from the series.
template <class L>
inline __attribute__((always_inline)) L exponential(L x) {
  using Bits = typename OfLanes<L>::Bits;
  constexpr float magic = 12582912.f;
  // Bounded as integers: of comparisons of numbers compilers make branches, and compute twice what is constant behind.
  const Bits bits = std::bit_cast<Bits>(x), magnitude = bits & 0x7fffffffu;
  const Bits limit = Bits{} + std::bit_cast<std::uint32_t>(87.f);
  const L bounded = std::bit_cast<L>((bits & 0x80000000u) | (magnitude < limit ? magnitude : limit));
  const L n = (bounded * 1.44269504f + magic) - magic;
  const L r = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;
  const L series =
      1 +
      r * (1 + r * (1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r * (1 / 120.f + r * (1 / 720.f + r * (1 / 5040.f)))))));
  const L power = series * std::bit_cast<L>((OfLanes<L>::truncated(n) + 127) << 23);
  return x == x ? power : x;
}

}  // namespace fedorbit
