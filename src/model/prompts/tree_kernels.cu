#include <cuda_bf16.h>

#include "model/prompts/tree_kernels.hpp"

namespace fedorbit::tree_kernels {
namespace {

constexpr int lanes = 32, warps = 4;  // of a block: a row or a head each
constexpr float epsilon = 1e-5f;

__device__ float number(float x) { return x; }
__device__ float number(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ void put(float& place, float x) { place = x; }
__device__ void put(__nv_bfloat16& place, float x) { place = __float2bfloat16(x); }

__device__ float sum_of_lanes(float x) {
  for (int step = lanes / 2; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
  return x;
}

__device__ std::int64_t warp_of_grid() { return std::int64_t(blockIdx.x) * warps + threadIdx.x / lanes; }

/// The context whose activations a client has.
__device__ std::int64_t source_of(const Clients& clients, std::int64_t k) {
  return clients.sources ? clients.sources[k] : k;
}

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

/// One head's numbers of a row, spread over the lanes of a warp.
template <int each>
struct Head {
  float x[each];

  template <class T>
  __device__ static Head of(const T* row, int width) {
    Head head;
#pragma unroll
    for (int j = 0; j < each; ++j) {
      const int i = threadIdx.x % lanes + lanes * j;
      head.x[j] = i < width ? number(row[i]) : 0.f;
    }
    return head;
  }
  __device__ float dot(const Head& other) const {
    float sum = 0;
#pragma unroll
    for (int j = 0; j < each; ++j) sum += x[j] * other.x[j];
    return sum_of_lanes(sum);
  }
  __device__ void add(float by, const Head& other) {
#pragma unroll
    for (int j = 0; j < each; ++j) x[j] += by * other.x[j];
  }
  template <class T>
  __device__ void write(T* row, int width, float by = 1) const {
#pragma unroll
    for (int j = 0; j < each; ++j) {
      const int i = threadIdx.x % lanes + lanes * j;
      if (i < width) put(row[i], by * x[j]);
    }
  }
};

template <class T, int each>
__global__ void attend_heads(std::int64_t contexts, Askers askers, Heads heads, float scale, const T* joined,
                             float* weights, T* mixed) {
  extern __shared__ float shared[];
  const std::int64_t warp = warp_of_grid();
  if (warp >= contexts * askers.count * heads.count) return;
  const int head = int(warp % heads.count), lane = threadIdx.x % lanes, most = askers.ancestors_each;
  const std::int64_t q = warp / heads.count % askers.count, u = warp / heads.count / askers.count, w = heads.width;
  const int width = int(w / heads.count);
  const T* rows = joined + u * askers.nodes * 3 * w + std::int64_t(head) * width;
  const std::int32_t* ancestors = askers.ancestors + q * most;
  float* scores = shared + threadIdx.x / lanes * most;

  const auto query = Head<each>::of(rows + (askers.node ? askers.node[q] : q) * 3 * w, width);
  float largest = -INFINITY;
  int count = 0;
  for (; count < most && ancestors[count] >= 0; ++count) {
    const float score = scale * query.dot(Head<each>::of(rows + ancestors[count] * 3 * w + w, width));
    if (lane == 0) scores[count] = score;
    largest = fmaxf(largest, score);
  }
  __syncwarp();
  float total = 0;
  for (int a = 0; a < count; ++a) total += expf(scores[a] - largest);
  Head<each> out{};
  for (int a = 0; a < count; ++a) {
    const float weight = expf(scores[a] - largest) / total;
    if (lane == 0) weights[warp * most + a] = weight;
    out.add(weight, Head<each>::of(rows + ancestors[a] * 3 * w + 2 * w, width));
  }
  out.write(mixed + (u * askers.count + q) * w + std::int64_t(head) * width, width);
}

/// What askers' scores and queries get back.
template <class T, int each>
__global__ void attend_back_askers(Clients clients, Askers askers, Heads heads, float scale, const T* dmixed,
                                   const T* joined, const float* weights, float* dscores, T* dqueries,
                                   std::int64_t stride) {
  const std::int64_t warp = warp_of_grid();
  if (warp >= clients.clients * askers.count * heads.count) return;
  const int head = int(warp % heads.count), lane = threadIdx.x % lanes, most = askers.ancestors_each;
  const std::int64_t q = warp / heads.count % askers.count, k = warp / heads.count / askers.count, w = heads.width,
                     u = source_of(clients, k);
  const int width = int(w / heads.count);
  const T* rows = joined + u * askers.nodes * 3 * w + std::int64_t(head) * width;
  const std::int32_t* ancestors = askers.ancestors + q * most;
  const float* given = weights + ((u * askers.count + q) * heads.count + head) * most;
  float* back = dscores + warp * most;

  const auto d = Head<each>::of(dmixed + (k * askers.count + q) * w + std::int64_t(head) * width, width);
  float sum = 0;
  int count = 0;
  for (; count < most && ancestors[count] >= 0; ++count) {
    const float dweight = d.dot(Head<each>::of(rows + ancestors[count] * 3 * w + 2 * w, width));
    if (lane == 0) back[count] = dweight;
    sum += given[count] * dweight;
  }
  __syncwarp();
  Head<each> dquery{};
  for (int a = 0; a < count; ++a) {
    const float dscore = given[a] * (back[a] - sum) * scale;
    __syncwarp();  // everyone has read it
    if (lane == 0) back[a] = dscore;
    dquery.add(dscore, Head<each>::of(rows + ancestors[a] * 3 * w + w, width));
  }
  // Of all nodes, only the trained ones' queries are wanted.
  const std::int64_t queries = askers.node ? askers.count : clients.rows;
  if (q < queries) dquery.write(dqueries + (k * queries + q) * stride + std::int64_t(head) * width, width);
}

/// What keys and values get back from those who ask them.
template <class T, int each>
__global__ void attend_back_answers(Clients clients, Askers askers, Heads heads, const T* dmixed, const T* joined,
                                    const float* weights, const float* dscores, T* dkeys, T* dvalues,
                                    std::int64_t stride) {
  const std::int64_t warp = warp_of_grid();
  if (warp >= clients.clients * clients.rows * heads.count) return;
  const int head = int(warp % heads.count), most = askers.ancestors_each;
  const std::int64_t m = warp / heads.count % clients.rows, k = warp / heads.count / clients.rows, w = heads.width,
                     u = source_of(clients, k);
  const int width = int(w / heads.count);
  const T* queries = joined + u * askers.nodes * 3 * w + std::int64_t(head) * width;
  const T* d = dmixed + k * askers.count * w + std::int64_t(head) * width;
  Head<each> dkey{}, dvalue{};
#pragma unroll 4
  for (std::int32_t i = askers.first[m]; i < askers.first[m + 1]; ++i) {
    const std::int64_t q = askers.answered[i] / most, slot = askers.answered[i] % most;
    const std::int64_t at = (q * heads.count + head) * most + slot, each_client = askers.count * heads.count * most;
    dkey.add(dscores[k * each_client + at],
             Head<each>::of(queries + (askers.node ? askers.node[q] : q) * 3 * w, width));
    dvalue.add(weights[u * each_client + at], Head<each>::of(d + q * w, width));
  }
  dkey.write(dkeys + (k * clients.rows + m) * stride + std::int64_t(head) * width, width);
  dvalue.write(dvalues + (k * clients.rows + m) * stride + std::int64_t(head) * width, width);
}

unsigned blocks_of(std::int64_t warps_in_all) { return unsigned((warps_in_all + warps - 1) / warps); }
constexpr unsigned threads = lanes * warps;

/// Calls use(T) with the products' type.
template <class Use>
void with_type(Type type, const Use& use) {
  type == Type::float32 ? use(float()) : use(__nv_bfloat16());
}

template <int n>
struct Constant {
  static constexpr int value = n;
};

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

template <class Use>
void with_head(const Heads& heads, const Use& use) {
  const std::int64_t width = heads.width / heads.count;
  if (width <= lanes)
    use(Constant<1>());
  else if (width <= 2 * lanes)
    use(Constant<2>());
  else
    use(Constant<4>());
}

float scale_of(const Heads& heads) { return 1 / sqrtf(float(heads.width / heads.count)); }

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

void attend(Type type, std::int64_t contexts, Askers askers, Heads heads, const void* joined, float* weights,
            void* mixed, cudaStream_t stream) {
  const std::size_t scores = sizeof(float) * warps * std::size_t(askers.ancestors_each);
  with_type(type, [&](auto t) {
    using T = decltype(t);
    with_head(heads, [&](auto each) {
      attend_heads<T, decltype(each)::value>
          <<<blocks_of(contexts * askers.count * heads.count), threads, scores, stream>>>(
              contexts, askers, heads, scale_of(heads), static_cast<const T*>(joined), weights, static_cast<T*>(mixed));
    });
  });
}

void attend_back(Type type, Clients clients, Askers askers, Heads heads, const void* dmixed, const void* joined,
                 const float* weights, float* dscores, void* dqueries, std::int64_t queries_stride, void* dkeys,
                 void* dvalues, std::int64_t stride, cudaStream_t stream) {
  with_type(type, [&](auto t) {
    using T = decltype(t);
    with_head(heads, [&](auto each) {
      attend_back_askers<T, decltype(each)::value>
          <<<blocks_of(clients.clients * askers.count * heads.count), threads, 0, stream>>>(
              clients, askers, heads, scale_of(heads), static_cast<const T*>(dmixed), static_cast<const T*>(joined),
              weights, dscores, static_cast<T*>(dqueries), queries_stride);
      attend_back_answers<T, decltype(each)::value>
          <<<blocks_of(clients.clients * clients.rows * heads.count), threads, 0, stream>>>(
              clients, askers, heads, static_cast<const T*>(dmixed), static_cast<const T*>(joined), weights, dscores,
              static_cast<T*>(dkeys), static_cast<T*>(dvalues), stride);
    });
  });
}

}  // namespace fedorbit::tree_kernels
