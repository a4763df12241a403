#include "model/towers/row_kernels.hpp"

#include <cmath>
#include <type_traits>

#include "core/error.hpp"
#include "model/towers/lanes.hpp"

// Each kernel is written once, as a template, and compiled for several instruction sets, of which the loader takes the
// best (FEDORBIT_CLONES, set in src/layers.cmake).
namespace fedorbit::rows {
namespace {

/// Which row of a forward pass a row of the backward belongs to.
struct Sources {
  const std::int64_t* of_client;
  std::int64_t rows;  // of a client
  std::int64_t operator()(std::int64_t row) const { return of_client[row / rows] * rows + row % rows; }
};

template <class Half>
FEDORBIT_CLONES void add_and_norm_rows(std::int64_t rows, std::int64_t w, const float* x, const Half* delta,
                                       const float* bias, const float* gamma, const float* beta, float* sum,
                                       float* statistics, Half* normed) {
  for (std::int64_t r = 0; r < rows; ++r, x += w, sum += w, normed += w, statistics += 2) {
    float total = 0, square = 0;
    if (delta) {
#pragma omp simd
      for (std::int64_t j = 0; j < w; ++j) sum[j] = x[j] + (widened(delta[j]) + bias[j]);
      delta += w;
    }
#pragma omp simd reduction(+ : total)
    for (std::int64_t j = 0; j < w; ++j) total += sum[j];
    const float mean = total / float(w);
#pragma omp simd reduction(+ : square)
    for (std::int64_t j = 0; j < w; ++j) square += (sum[j] - mean) * (sum[j] - mean);
    const float rstd = 1 / std::sqrt(square / float(w) + 1e-5f);
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j) narrowed((sum[j] - mean) * rstd * gamma[j] + beta[j], normed[j]);
    statistics[0] = mean;
    statistics[1] = rstd;
  }
}

template <class Half>
FEDORBIT_CLONES void norm_backward_rows(std::int64_t rows, std::int64_t w, const Half* dnormed, const float* all_x,
                                        const float* all_statistics, const Sources sources, const float* gamma,
                                        float* dx, Half* rounded) {
  for (std::int64_t r = 0; r < rows; ++r, dnormed += w, dx += w) {
    const std::int64_t source = sources(r);
    const float *x = all_x + source * w, *statistics = all_statistics + source * 2;
    const float mean = statistics[0], rstd = statistics[1];
    float sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (std::int64_t j = 0; j < w; ++j) {
      const float g = widened(dnormed[j]) * gamma[j];
      sum += g;
      product += g * ((x[j] - mean) * rstd);
    }
    sum /= float(w);
    product /= float(w);
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j)
      dx[j] += rstd * (widened(dnormed[j]) * gamma[j] - sum - (x[j] - mean) * rstd * product);
    if (!rounded) continue;
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j) narrowed(dx[j], rounded[j]);
    rounded += w;
  }
}

template <class Half>
FEDORBIT_CLONES void add_bias_rows(std::int64_t rows, std::int64_t n, Half* y, const float* bias) {
  for (std::int64_t r = 0; r < rows; ++r, y += n)
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) narrowed(widened(y[j]) + bias[j], y[j]);
}

template <bool with_slope, class Half>
FEDORBIT_CLONES void quick_gelu_rows(std::int64_t rows, std::int64_t m, const Half* inner, const float* bias,
                                     Half* active, Half* slope) {
  for (std::int64_t r = 0; r < rows; ++r, inner += m, active += m, slope += with_slope ? m : 0)
#pragma omp simd
    for (std::int64_t j = 0; j < m; ++j) {
      const float u = widened(inner[j]) + bias[j], s = 1 / (1 + exponential(-1.702f * u));
      narrowed(u * s, active[j]);
      if constexpr (with_slope) narrowed(s + 1.702f * u * s * (1 - s), slope[j]);
    }
}

template <class Half>
FEDORBIT_CLONES void multiply_rows(std::int64_t rows, std::int64_t m, Half* d, const Half* factors,
                                   const Sources sources) {
  for (std::int64_t r = 0; r < rows; ++r, d += m) {
    const Half* factor = factors + sources(r) * m;
#pragma omp simd
    for (std::int64_t j = 0; j < m; ++j) narrowed(widened(d[j]) * widened(factor[j]), d[j]);
  }
}

/// work(half) with half a null pointer to what `y` holds.
template <class Work>
void for_type(const Tensor& y, Work work) {
  require(y.is_contiguous() && y.is_cpu(), "row kernels work on contiguous rows in a CPU's memory.");
  if (y.scalar_type() == at::kFloat) return work(static_cast<float*>(nullptr));
  require(y.scalar_type() == at::kBFloat16, "row kernels know float32 and bfloat16, not ", y.scalar_type(), ".");
  work(static_cast<BFloat16*>(nullptr));
}

float* floats(const Tensor& x) { return x.defined() ? x.mutable_data_ptr<float>() : nullptr; }

template <class Half>
Half* halves(const Tensor& x, Half*) {
  return x.defined() ? static_cast<Half*>(x.mutable_data_ptr()) : nullptr;
}

}  // namespace

void add_and_norm(const Tensor& x, const Tensor& delta, const Tensor& bias, const Tensor& gamma, const Tensor& beta,
                  Tensor& sum, Tensor& statistics, Tensor& normed) {
  for_type(normed, [&](auto* half) {
    add_and_norm_rows(x.size(0), x.size(1), floats(x), halves(delta, half), floats(bias), floats(gamma), floats(beta),
                      floats(sum), floats(statistics), halves(normed, half));
  });
}

void norm_backward(const Tensor& dnormed, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                   std::span<const std::int64_t> sources, Tensor& dx, Tensor& rounded) {
  for_type(dnormed, [&](auto* half) {
    norm_backward_rows(dx.size(0), dx.size(1), halves(dnormed, half), floats(x), floats(statistics),
                       Sources{sources.data(), dx.size(0) / std::int64_t(sources.size())}, floats(gamma), floats(dx),
                       halves(rounded, half));
  });
}

void add_bias(Tensor& y, const Tensor& bias) {
  for_type(y, [&](auto* half) { add_bias_rows(y.size(0), y.size(1), halves(y, half), floats(bias)); });
}

void quick_gelu(const Tensor& inner, const Tensor& bias, Tensor& active, Tensor& slope) {
  for_type(inner, [&](auto* half) {
    const auto run = slope.defined() ? &quick_gelu_rows<true, std::remove_pointer_t<decltype(half)>>
                                     : &quick_gelu_rows<false, std::remove_pointer_t<decltype(half)>>;
    run(inner.size(0), inner.size(1), halves(inner, half), floats(bias), halves(active, half), halves(slope, half));
  });
}

void multiply(Tensor& d, const Tensor& factors, std::span<const std::int64_t> sources) {
  for_type(d, [&](auto* half) {
    multiply_rows(d.size(0), d.size(1), halves(d, half), halves(factors, half),
                  Sources{sources.data(), d.size(0) / std::int64_t(sources.size())});
  });
}

}  // namespace fedorbit::rows
