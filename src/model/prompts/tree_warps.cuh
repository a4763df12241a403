// What the kernels of a prompt's tree have in common: rows that a warp shares, sums over its lanes, both types.
#pragma once
#include <cuda_bf16.h>

#include "model/prompts/tree_kernels.hpp"

namespace fedorbit::tree_kernels {

constexpr int lanes = 32, warps = 4;  // of a block: a row or a head each

__device__ inline float number(float x) { return x; }
__device__ inline float number(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline void put(float& place, float x) { place = x; }
__device__ inline void put(__nv_bfloat16& place, float x) { place = __float2bfloat16(x); }

__device__ inline float sum_of_lanes(float x) {
  for (int step = lanes / 2; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
  return x;
}

__device__ inline std::int64_t warp_of_grid() { return std::int64_t(blockIdx.x) * warps + threadIdx.x / lanes; }

/// The context whose activations a client has.
__device__ inline std::int64_t source_of(const Clients& clients, std::int64_t k) {
  return clients.sources ? clients.sources[k] : k;
}

inline unsigned blocks_of(std::int64_t warps_in_all) { return unsigned((warps_in_all + warps - 1) / warps); }
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

}  // namespace fedorbit::tree_kernels
