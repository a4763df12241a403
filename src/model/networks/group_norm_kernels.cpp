#include "model/networks/group_norm_kernels.hpp"

#include <cmath>

#include "model/towers/lanes.hpp"

// Compiled for several instruction sets (FEDORBIT_CLONES, set in src/layers.cmake).
namespace fedorbit {
namespace {

/// The sums over pixels of term(place, channel) for the channels from c on that L has, four at a time: the order does
/// not depend on how wide the processor's vectors are.
template <class L, class Term>
inline __attribute__((always_inline)) void sum_over_pixels(const GroupNorm& of, std::int64_t c, float* sums,
                                                           Term term) {
  L a{}, b{}, e{}, f{};
  std::int64_t p = 0;
  for (; p + 4 <= of.pixels; p += 4) {
    a += term.template operator()<L>(p * of.channels + c, c);
    b += term.template operator()<L>((p + 1) * of.channels + c, c);
    e += term.template operator()<L>((p + 2) * of.channels + c, c);
    f += term.template operator()<L>((p + 3) * of.channels + c, c);
  }
  for (; p < of.pixels; ++p) a += term.template operator()<L>(p * of.channels + c, c);
  stored((a + b) + (e + f), sums + c);
}

template <class Term>
inline __attribute__((always_inline)) void sum_over_pixels(const GroupNorm& of, float* sums, Term term) {
  std::int64_t c = 0;
  for (; c + 8 <= of.channels; c += 8) sum_over_pixels<Lanes8>(of, c, sums, term);
  for (; c < of.channels; ++c) sum_over_pixels<float>(of, c, sums, term);
}

struct Value {
  const float* x;
  template <class L>
  __attribute__((always_inline)) L operator()(std::int64_t place, std::int64_t) const {
    return loaded<L>(x + place);
  }
};

/// x y of two tensors, the second less the mean of its channel.
struct CentredProduct {
  const float *x, *y, *mean;
  bool same;
  template <class L>
  __attribute__((always_inline)) L operator()(std::int64_t place, std::int64_t c) const {
    const L centred = loaded<L>(y + place) - loaded<L>(mean + c);
    return (same ? centred : loaded<L>(x + place)) * centred;
  }
};

}  // namespace

FEDORBIT_CLONES static void forward_of(const GroupNorm& of, const float* x, const float* weight, const float* bias,
                                       float* y, float* statistics, float* workspace) {
  const std::int64_t each = of.channels / of.groups;
  const float count = float(each * of.pixels);
  float *sums = workspace, *mean = workspace + of.channels, *shift = workspace + 2 * of.channels;
  sum_over_pixels(of, sums, Value{x});
  for (std::int64_t g = 0; g < of.groups; ++g) {
    float sum = 0;
    for (std::int64_t c = g * each; c < (g + 1) * each; ++c) sum += sums[c];
    for (std::int64_t c = g * each; c < (g + 1) * each; ++c) mean[c] = sum / count;
  }
  sum_over_pixels(of, sums, CentredProduct{x, x, mean, true});
  for (std::int64_t g = 0; g < of.groups; ++g) {
    float square = 0;
    for (std::int64_t c = g * each; c < (g + 1) * each; ++c) square += sums[c];
    const float rstd = 1 / std::sqrt(square / count + 1e-5f);
    statistics[2 * g] = mean[g * each];
    statistics[2 * g + 1] = rstd;
    for (std::int64_t c = g * each; c < (g + 1) * each; ++c) {
      sums[c] = rstd * weight[c];
      shift[c] = bias[c] - mean[c] * sums[c];
    }
  }
  for (std::int64_t p = 0; p < of.pixels; ++p, x += of.channels, y += of.channels)
#pragma omp simd
    for (std::int64_t c = 0; c < of.channels; ++c) y[c] = x[c] * sums[c] + shift[c];
}

FEDORBIT_CLONES static void backward_of(const GroupNorm& of, const float* dy, const float* x, const float* weight,
                                        const float* statistics, float* dx, float* dweight, float* dbias,
                                        float* workspace) {
  const std::int64_t each = of.channels / of.groups;
  const float count = float(each * of.pixels);
  float *mean = workspace, *of_x = workspace, *of_dy = workspace + of.channels, *shift = workspace + 2 * of.channels;
  for (std::int64_t c = 0; c < of.channels; ++c) mean[c] = statistics[c / each * 2];
  sum_over_pixels(of, dbias, Value{dy});
  sum_over_pixels(of, dweight, CentredProduct{dy, x, mean, false});
  // With n = (x - mean) rstd and g = dy weight: dx = rstd (g - mean(g) - n mean(g n)), whose terms are linear in dy and
  // x.
  for (std::int64_t group = 0; group < of.groups; ++group) {
    const float middle = statistics[2 * group], rstd = statistics[2 * group + 1];
    float sum = 0, product = 0;
    for (std::int64_t c = group * each; c < (group + 1) * each; ++c) {
      dweight[c] *= rstd;
      sum += weight[c] * dbias[c];
      product += weight[c] * dweight[c];
    }
    const float slope = -rstd * rstd * product / count;
    for (std::int64_t c = group * each; c < (group + 1) * each; ++c) {
      of_x[c] = slope;
      of_dy[c] = rstd * weight[c];
      shift[c] = -middle * slope - rstd * sum / count;
    }
  }
  for (std::int64_t p = 0; p < of.pixels; ++p, x += of.channels, dy += of.channels, dx += of.channels)
#pragma omp simd
    for (std::int64_t c = 0; c < of.channels; ++c) dx[c] = dy[c] * of_dy[c] + (x[c] * of_x[c] + shift[c]);
}

void GroupNorm::forward(const float* x, const float* weight, const float* bias, float* y, float* statistics,
                        float* workspace) const {
  forward_of(*this, x, weight, bias, y, statistics, workspace);
}

void GroupNorm::backward(const float* dy, const float* x, const float* weight, const float* statistics, float* dx,
                         float* dweight, float* dbias, float* workspace) const {
  backward_of(*this, dy, x, weight, statistics, dx, dweight, dbias, workspace);
}

}  // namespace fedorbit
