// Sums over the channels of each attention head, where heads are interleaved: channel c of head h is column c * heads +
// h, so neighbouring columns are of neighbouring heads and no sum runs across a vector.
#pragma once
#include "model/towers/lanes.hpp"

namespace fedorbit {

/// What belongs to heads repeats in a row of a client's numbers, and is kept for `lanes` neighbours: lane i is of head
/// i % count. Compiled for one L and a few, `vectors`, which is all that published towers need, and once for any number
/// of heads with L = float and vectors = 0.
template <class L, int vectors>
struct Heads {
  static constexpr std::int64_t size = lane_count<L>;
  std::int64_t count, w;
  float scale;
  std::int64_t lanes() const { return vectors > 0 ? vectors * size : count; }
};

/// factor (lanes) times x (w).
struct Term {
  const float *factor, *x;
};

/// Every lane becomes the sum of those of its head.
template <class L, int vectors>
inline __attribute__((always_inline)) void add_up(const Heads<L, vectors>& heads, float* sums) {
  const std::int64_t lanes = heads.lanes(), count = heads.count;
  if (lanes == count) return;
  for (std::int64_t h = 0; h < count; ++h) {
    float total = 0;
    for (std::int64_t i = h; i < lanes; i += count) total += sums[i];
    for (std::int64_t i = h; i < lanes; i += count) sums[i] = total;
  }
}

/// Of each head the scalar product of its numbers in a and b: (lanes).
template <class L, int vectors>
inline __attribute__((always_inline)) void products(const Heads<L, vectors>& heads, const float* a, const float* b,
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
    if constexpr (vectors == 1) {
      for (std::int64_t apart = heads.size / 2; apart >= heads.count; apart /= 2) sum += rotated(sum, apart);
    }
    stored(sum, out + v);
  }
  if constexpr (vectors != 1) add_up(heads, out);
}

/// out (w) = the sum of terms.
template <class L, int vectors, class Half>
inline __attribute__((always_inline)) void mix(const Heads<L, vectors>& heads, const Term* terms, std::int64_t count,
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
