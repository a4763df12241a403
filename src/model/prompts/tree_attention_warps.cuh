// Attention over the nodes of a prompt's tree, forward and back, as kernels: a warp has one head of one node, and each
// of its four parts looks at another node at once.
#pragma once
#include "model/prompts/tree_warps.cuh"

namespace fedorbit::tree_kernels {

constexpr int part_lanes = 8, parts = lanes / part_lanes;
constexpr int at_once = 8;  // numbers of a row that a lane reads in one go: 16 bytes of bfloat16

__device__ inline int lane_of_part() { return threadIdx.x % part_lanes; }
__device__ inline int part_of_warp() { return threadIdx.x % lanes / part_lanes; }

__device__ inline float largest_of_lanes(float x) {
  for (int step = lanes / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, step));
  return x;
}

template <class T>
struct alignas(16) Eight {
  T x[at_once];
};

/// One head's numbers of a row, spread over the lanes of a part: `each` times eight of them a lane.
template <int each>
struct Head {
  float x[each * at_once];

  template <class T>
  __device__ static Head of(const T* row, int width) {
    Head head;
#pragma unroll
    for (int j = 0; j < each; ++j) {
      const int first = (lane_of_part() + part_lanes * j) * at_once;
      const bool there = first < width;
      const Eight<T> read = there ? *reinterpret_cast<const Eight<T>*>(row + first) : Eight<T>();
#pragma unroll
      for (int i = 0; i < at_once; ++i) head.x[j * at_once + i] = there ? number(read.x[i]) : 0.f;
    }
    return head;
  }
  /// The same for all lanes of the part.
  __device__ float dot(const Head& other) const {
    float sum = 0;
#pragma unroll
    for (int i = 0; i < each * at_once; ++i) sum += x[i] * other.x[i];
    for (int step = part_lanes / 2; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
    return sum;
  }
  __device__ void add(float by, const Head& other) {
#pragma unroll
    for (int i = 0; i < each * at_once; ++i) x[i] += by * other.x[i];
  }
  /// Every part has the sum of all four.
  __device__ void add_parts() {
#pragma unroll
    for (int i = 0; i < each * at_once; ++i)
      for (int step = part_lanes; step < lanes; step *= 2) x[i] += __shfl_xor_sync(~0u, x[i], step);
  }
  /// By the first part.
  template <class T>
  __device__ void write(T* row, int width) const {
    if (part_of_warp() > 0) return;
#pragma unroll
    for (int j = 0; j < each; ++j) {
      const int first = (lane_of_part() + part_lanes * j) * at_once;
      if (first >= width) continue;
      Eight<T> out;
#pragma unroll
      for (int i = 0; i < at_once; ++i) put(out.x[i], x[j * at_once + i]);
      *reinterpret_cast<Eight<T>*>(row + first) = out;
    }
  }
};

/// How many ancestors an asker has: the rest of its row is negative.
__device__ inline int count_of(const std::int32_t* ancestors, int most) {
  int count = 0;
  for (int first = 0; first < most; first += lanes) {
    const int i = first + threadIdx.x % lanes;
    count += __popc(__ballot_sync(~0u, i < most && ancestors[i] >= 0));
  }
  return count;
}

/// `scores` of the warp: the products of `mine` with each ancestor's row, `stride` numbers from node to node.
template <int each, class T>
__device__ void dots(const Head<each>& mine, const T* rows, std::int64_t stride, int width,
                     const std::int32_t* ancestors, int count, float* scores) {
  for (int first = 0; first < count; first += parts) {
    const int a = first + part_of_warp();
    const auto other = Head<each>::of(rows + (a < count ? ancestors[a] : ancestors[0]) * stride, width);
    const float product = mine.dot(other);
    if (a < count && lane_of_part() == 0) scores[a] = product;
  }
  __syncwarp();
}

/// The sum of the ancestors' rows, each by its factor.
template <int each, class T>
__device__ Head<each> mixture(const T* rows, std::int64_t stride, int width, const std::int32_t* ancestors, int count,
                              const float* factors) {
  Head<each> sum{};
  for (int a = part_of_warp(); a < count; a += parts)
    sum.add(factors[a], Head<each>::of(rows + ancestors[a] * stride, width));
  __syncwarp();
  sum.add_parts();
  return sum;
}

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
  const int count = count_of(ancestors, most);
  float* scores = shared + threadIdx.x / lanes * most;

  const auto query = Head<each>::of(rows + (askers.node ? askers.node[q] : q) * 3 * w, width);
  dots(query, rows + w, 3 * w, width, ancestors, count, scores);
  float largest = -INFINITY, total = 0;
  for (int a = lane; a < count; a += lanes) largest = fmaxf(largest, scores[a]);
  largest = largest_of_lanes(largest);
  for (int a = lane; a < count; a += lanes) {
    scores[a] = expf(scale * (scores[a] - largest));
    total += scores[a];
  }
  total = sum_of_lanes(total);
  for (int a = lane; a < count; a += lanes) {
    scores[a] /= total;
    weights[warp * most + a] = scores[a];
  }
  __syncwarp();
  const auto out = mixture<each>(rows + 2 * w, 3 * w, width, ancestors, count, scores);
  out.write(mixed + (u * askers.count + q) * w + std::int64_t(head) * width, width);
}

/// What askers' scores and queries get back.
template <class T, int each>
__global__ void attend_back_askers(Clients clients, Askers askers, Heads heads, float scale, const T* dmixed,
                                   const T* joined, const float* weights, float* dscores, T* dqueries,
                                   std::int64_t stride) {
  extern __shared__ float shared[];
  const std::int64_t warp = warp_of_grid();
  if (warp >= clients.clients * askers.count * heads.count) return;
  const int head = int(warp % heads.count), lane = threadIdx.x % lanes, most = askers.ancestors_each;
  const std::int64_t q = warp / heads.count % askers.count, k = warp / heads.count / askers.count, w = heads.width,
                     u = source_of(clients, k);
  const int width = int(w / heads.count);
  const T* rows = joined + u * askers.nodes * 3 * w + std::int64_t(head) * width;
  const std::int32_t* ancestors = askers.ancestors + q * most;
  const int count = count_of(ancestors, most);
  const float* given = weights + ((u * askers.count + q) * heads.count + head) * most;
  float* back = shared + threadIdx.x / lanes * most;

  const auto d = Head<each>::of(dmixed + (k * askers.count + q) * w + std::int64_t(head) * width, width);
  dots(d, rows + 2 * w, 3 * w, width, ancestors, count, back);
  float sum = 0;
  for (int a = lane; a < count; a += lanes) sum += given[a] * back[a];
  sum = sum_of_lanes(sum);
  for (int a = lane; a < count; a += lanes) {
    back[a] = given[a] * (back[a] - sum) * scale;
    dscores[warp * most + a] = back[a];
  }
  __syncwarp();
  // Of all nodes, only the trained ones' queries are wanted.
  const std::int64_t queries = askers.node ? askers.count : clients.rows;
  if (q >= queries) return;
  const auto dquery = mixture<each>(rows + w, 3 * w, width, ancestors, count, back);
  dquery.write(dqueries + (k * queries + q) * stride + std::int64_t(head) * width, width);
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
  const std::int64_t each_client = askers.count * heads.count * most;
  Head<each> dkey{}, dvalue{};
#pragma unroll 2
  for (std::int32_t i = askers.first[m] + part_of_warp(); i < askers.first[m + 1]; i += parts) {
    const std::int64_t q = askers.answered[i] / most, slot = askers.answered[i] % most;
    const std::int64_t at = (q * heads.count + head) * most + slot;
    dkey.add(dscores[k * each_client + at],
             Head<each>::of(queries + (askers.node ? askers.node[q] : q) * 3 * w, width));
    dvalue.add(weights[u * each_client + at], Head<each>::of(d + q * w, width));
  }
  __syncwarp();
  dkey.add_parts();
  dvalue.add_parts();
  dkey.write(dkeys + (k * clients.rows + m) * stride + std::int64_t(head) * width, width);
  dvalue.write(dvalues + (k * clients.rows + m) * stride + std::int64_t(head) * width, width);
}

}  // namespace fedorbit::tree_kernels
