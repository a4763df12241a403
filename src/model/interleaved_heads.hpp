// Sums over the channels of each attention head, where heads are interleaved: channel c of head h is column c * heads +
// h, so neighbouring columns are of neighbouring heads and no sum runs across a vector.
#pragma once
#include <numeric>

#include "model/lanes.hpp"

namespace fedorbit {

/// What belongs to heads repeats in a row of a client's numbers, and is kept for `lanes` neighbours, a whole number of
/// L: lane i is of head i % count. Compiled for the numbers of heads that published towers have, `known`, and once for
/// any with L = float and known = 0.
template <class L, int known>
struct Heads {
  static constexpr std::int64_t size = lane_count<L>, known_lanes = known > 0 ? std::lcm(known, size) : 0;
  std::int64_t count, w;
  float scale;
  std::int64_t lanes() const { return known > 0 ? known_lanes : count; }
};

/// factor (lanes) times x (w).
struct Term {
  const float *factor, *x;
};

/// Of each head the scalar product of its numbers in a and b: (lanes).
template <class L, int known>
inline __attribute__((always_inline)) void products(const Heads<L, known>& heads, const float* a, const float* b,
                                                    float* out) {
  const std::int64_t lanes = heads.lanes(), w = heads.w;
  for (std::int64_t v = 0; v < lanes; v += heads.size) {
    L sum{}, second{}, third{}, fourth{};  // so that no addition waits for the one before
    std::int64_t j = v;
    for (; j + 3 * lanes < w; j += 4 * lanes) {
      sum += loaded<L>(a + j) * loaded<L>(b + j);
      second += loaded<L>(a + j + lanes) * loaded<L>(b + j + lanes);
      third += loaded<L>(a + j + 2 * lanes) * loaded<L>(b + j + 2 * lanes);
      fourth += loaded<L>(a + j + 3 * lanes) * loaded<L>(b + j + 3 * lanes);
    }
    for (; j < w; j += lanes) sum += loaded<L>(a + j) * loaded<L>(b + j);
    sum = (sum + second) + (third + fourth);
    if constexpr (known == 8 && Heads<L, known>::size == 16)  // both halves are of the same heads
      sum += __builtin_shufflevector(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    stored(sum, out + v);
  }
  if constexpr (known != 8 && Heads<L, known>::known_lanes > known)
    for (std::int64_t h = 0; h < known; ++h) {
      float total = 0;
      for (std::int64_t i = h; i < lanes; i += known) total += out[i];
      for (std::int64_t i = h; i < lanes; i += known) out[i] = total;
    }
}

/// out (w) = the sum of terms.
template <class L, int known, class Half>
inline __attribute__((always_inline)) void mix(const Heads<L, known>& heads, const Term* terms, std::int64_t count,
                                               Half* out) {
  const std::int64_t lanes = heads.lanes(), w = heads.w;
  for (std::int64_t v = 0; v < lanes; v += heads.size) {
    std::int64_t j = v;
    for (; j + 3 * lanes < w; j += 4 * lanes) {
      L sum{}, second{}, third{}, fourth{};
      for (std::int64_t i = 0; i < count; ++i) {
        const L factor = loaded<L>(terms[i].factor + v);
        const float* x = terms[i].x + j;
        sum += factor * loaded<L>(x);
        second += factor * loaded<L>(x + lanes);
        third += factor * loaded<L>(x + 2 * lanes);
        fourth += factor * loaded<L>(x + 3 * lanes);
      }
      stored(sum, out + j);
      stored(second, out + j + lanes);
      stored(third, out + j + 2 * lanes);
      stored(fourth, out + j + 3 * lanes);
    }
    for (; j < w; j += lanes) {
      L sum{};
      for (std::int64_t i = 0; i < count; ++i) sum += loaded<L>(terms[i].factor + v) * loaded<L>(terms[i].x + j);
      stored(sum, out + j);
    }
  }
}

}  // namespace fedorbit
