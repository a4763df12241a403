// The kernels behind tree_steps_cuda.cpp, which checks what they are given: pointers to dense rows on one GPU. Whatever
// is called `void*` is of the products' type. Sums are float32 and in one order, so that bits repeat.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fedorbit::tree_kernels {

enum class Type { float32, bfloat16 };

constexpr int most_width = 2048;      // of a row that is normed
constexpr int most_head_width = 128;  // of queries, keys and values; a multiple of eight

/// Rows of K clients, `rows` each, whose activations are those of contexts sources[k]; null: their own.
struct Clients {
  std::int64_t clients, rows;
  const std::int64_t* sources;
};

/// See tree_steps.hpp: Asking.
struct Askers {
  std::int64_t count, nodes;      // Q of n
  int ancestors_each;             // A
  const std::int64_t* node;       // null: all
  const std::int32_t* ancestors;  // (Q, A)
  const std::int32_t *first, *answered;
};

struct Heads {
  std::int64_t width;  // w
  int count;
};

void add_norm(Type, std::int64_t rows, int width, const float* x, const void* y, const float* weight, const float* bias,
              float* sum, void* out, float* mean, float* rstd, cudaStream_t);
/// dx, null or `dx_rows` rows a client, of which the first count.
void norm_back(Type, Clients, int width, const void* dn, const float* x, const float* mean, const float* rstd,
               const float* weight, const float* dx, std::int64_t dx_rows, float* out, cudaStream_t);
/// With `with_slope` u becomes the slope.
void activate(Type, bool gelu, bool with_slope, std::int64_t count, void* u, void* active, cudaStream_t);
/// `each`: numbers of a client.
void activate_back(Type, Clients, std::int64_t each, const void* da, const void* slope, void* out, cudaStream_t);
/// weights (U, Q, heads, A) float32.
void attend(Type, std::int64_t contexts, Askers, Heads, const void* joined, float* weights, void* mixed, cudaStream_t);
/// Gradients of the first clients.rows nodes, each written every `stride` numbers; dscores (K, Q, heads, A) is scratch.
void attend_back(Type, Clients, Askers, Heads, const void* dmixed, const void* joined, const float* weights,
                 float* dscores, void* dqueries, std::int64_t queries_stride, void* dkeys, void* dvalues,
                 std::int64_t stride, cudaStream_t);

}  // namespace fedorbit::tree_kernels
