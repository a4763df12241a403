#include "model/prompts/tree_warps.cuh"

namespace fedorbit::tree_kernels {
namespace {

constexpr float epsilon = 1e-5f;

template <class T, int each>
__global__ void add_norm_rows(std::int64_t rows, int width, const float* x, const T* y, const float* weight,
                              const float* bias, float* sum, T* out, float* mean, float* rstd) {
  const std::int64_t row = warp_of_grid();
  if (row >= rows) return;
  const int lane = threadIdx.x % lanes;
  float v[each], total = 0;
#pragma unroll
  for (int j = 0; j < each; ++j) {
    const int i = lane + lanes * j;
    v[j] = i < width ? x[row * width + i] + (y ? number(y[row * width + i]) : 0.f) : 0.f;
    total += v[j];
  }
  const float middle = sum_of_lanes(total) / width;
  float squares = 0;
#pragma unroll
  for (int j = 0; j < each; ++j)
    if (lane + lanes * j < width) squares += (v[j] - middle) * (v[j] - middle);
  const float scale = rsqrtf(sum_of_lanes(squares) / width + epsilon);
#pragma unroll
  for (int j = 0; j < each; ++j) {
    const int i = lane + lanes * j;
    if (i >= width) continue;
    if (y) sum[row * width + i] = v[j];
    put(out[row * width + i], (v[j] - middle) * scale * weight[i] + bias[i]);
  }
  if (lane == 0) {
    mean[row] = middle;
    rstd[row] = scale;
  }
}

template <class T, int each>
__global__ void norm_back_rows(Clients clients, int width, const T* dn, const float* x, const float* mean,
                               const float* rstd, const float* weight, const float* dx, std::int64_t dx_rows,
                               float* out) {
  const std::int64_t row = warp_of_grid();
  if (row >= clients.clients * clients.rows) return;
  const std::int64_t k = row / clients.rows, r = row % clients.rows, from = source_of(clients, k) * clients.rows + r;
  const int lane = threadIdx.x % lanes;
  const float middle = mean[from], scale = rstd[from];
  float g[each], normed[each], sum = 0, product = 0;
#pragma unroll
  for (int j = 0; j < each; ++j) {
    const int i = lane + lanes * j;
    g[j] = i < width ? number(dn[row * width + i]) * weight[i] : 0.f;
    normed[j] = i < width ? (x[from * width + i] - middle) * scale : 0.f;
    sum += g[j];
    product += g[j] * normed[j];
  }
  sum = sum_of_lanes(sum) / width;
  product = sum_of_lanes(product) / width;
#pragma unroll
  for (int j = 0; j < each; ++j) {
    const int i = lane + lanes * j;
    if (i >= width) continue;
    const float back = scale * (g[j] - sum - normed[j] * product);
    out[row * width + i] = dx ? dx[(k * dx_rows + r) * width + i] + back : back;
  }
}

/// Four numbers at once, where rows allow it.
template <class T>
struct alignas(4 * sizeof(T)) Four {
  T x[4];
};

template <class T, bool gelu>
__global__ void activate_four(bool with_slope, std::int64_t fours, Four<T>* u, Four<T>* active) {
  const std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= fours) return;
  Four<T> in = u[i], out;
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const float x = number(in.x[j]);
    if (gelu) {
      const float share = 0.5f * (1 + erff(x * 0.70710678f));
      put(out.x[j], x * share);
      put(in.x[j], share + x * 0.39894228f * expf(-0.5f * x * x));
    } else {
      const float s = 1 / (1 + expf(-1.702f * x)), a = x * s;
      put(out.x[j], a);
      put(in.x[j], s + 1.702f * a * (1 - s));
    }
  }
  active[i] = out;
  if (with_slope) u[i] = in;
}

template <class T>
__global__ void activate_back_four(Clients clients, std::int64_t fours_each, const Four<T>* da, const Four<T>* slope,
                                   Four<T>* out) {
  const std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= clients.clients * fours_each) return;
  const Four<T> d = da[i], by = slope[source_of(clients, i / fours_each) * fours_each + i % fours_each];
  Four<T> product;
#pragma unroll
  for (int j = 0; j < 4; ++j) put(product.x[j], number(d.x[j]) * number(by.x[j]));
  out[i] = product;
}

/// Calls use with the smallest number of registers that a row of this width needs.
template <class Use>
void with_width(int width, const Use& use) {
  if (width <= 4 * lanes)
    use(Constant<4>());
  else if (width <= 16 * lanes)
    use(Constant<16>());
  else if (width <= 32 * lanes)
    use(Constant<32>());
  else
    use(Constant<64>());
}

}  // namespace

void add_norm(Type type, std::int64_t rows, int width, const float* x, const void* y, const float* weight,
              const float* bias, float* sum, void* out, float* mean, float* rstd, cudaStream_t stream) {
  with_type(type, [&](auto t) {
    using T = decltype(t);
    with_width(width, [&](auto each) {
      add_norm_rows<T, decltype(each)::value><<<blocks_of(rows), threads, 0, stream>>>(
          rows, width, x, static_cast<const T*>(y), weight, bias, sum, static_cast<T*>(out), mean, rstd);
    });
  });
}

void norm_back(Type type, Clients clients, int width, const void* dn, const float* x, const float* mean,
               const float* rstd, const float* weight, const float* dx, std::int64_t dx_rows, float* out,
               cudaStream_t stream) {
  with_type(type, [&](auto t) {
    using T = decltype(t);
    with_width(width, [&](auto each) {
      norm_back_rows<T, decltype(each)::value><<<blocks_of(clients.clients * clients.rows), threads, 0, stream>>>(
          clients, width, static_cast<const T*>(dn), x, mean, rstd, weight, dx, dx_rows, out);
    });
  });
}

void activate(Type type, bool gelu, bool with_slope, std::int64_t count, void* u, void* active, cudaStream_t stream) {
  const std::int64_t fours = count / 4;
  const unsigned blocks = unsigned((fours + 255) / 256);
  with_type(type, [&](auto t) {
    using T = Four<decltype(t)>;
    if (gelu)
      activate_four<decltype(t), true>
          <<<blocks, 256, 0, stream>>>(with_slope, fours, static_cast<T*>(u), static_cast<T*>(active));
    else
      activate_four<decltype(t), false>
          <<<blocks, 256, 0, stream>>>(with_slope, fours, static_cast<T*>(u), static_cast<T*>(active));
  });
}

void activate_back(Type type, Clients clients, std::int64_t each, const void* da, const void* slope, void* out,
                   cudaStream_t stream) {
  const std::int64_t fours = clients.clients * each / 4;
  with_type(type, [&](auto t) {
    using T = Four<decltype(t)>;
    activate_back_four<decltype(t)><<<unsigned((fours + 255) / 256), 256, 0, stream>>>(
        clients, each / 4, static_cast<const T*>(da), static_cast<const T*>(slope), static_cast<T*>(out));
  });
}

}  // namespace fedorbit::tree_kernels
