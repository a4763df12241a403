// Attention in which a row sees only itself and its ancestors in a tree: each row has a short list of rows, so nothing
// is computed that a mask would throw away. CPU only.
#pragma once
#include <span>

#include "core/tensor.hpp"
#include "model/prompts/sight.hpp"

namespace fedorbit {

/// Tensors of K clients, as products gave them: half is float32 or bfloat16. Columns are interleaved heads
/// (model/towers/interleaved_heads.hpp).
struct AttentionInput {
  Tensor queries;               // (K Q, w) half, rows may be strided
  Tensor keys, values;          // (K n, w) half, rows may be strided
  Tensor root_key, root_value;  // (w) half
  std::int64_t heads;
};

/// mixed (K Q, w) half = softmax(queries keys^T / sqrt(w / heads)) values over what each query sees. What is returned,
/// float32 numbers of each client, is kept for the backward.
Tensor attend(const Sight& sight, const AttentionInput& in, Tensor& mixed);

/// The gradients of queries, keys and values at `in` and what attend() returned, given dmixed (sources.size() Q, w)
/// half: client k belongs to client sources[k] of `in`. Of each client the first `trained_queries` queries get a
/// gradient, dqueries (clients trained_queries, w), and the first `trained_rows` rows, dkeys and dvalues (clients
/// trained_rows, w); all half, rows may be strided.
void attend_backward(const Sight& sight, const AttentionInput& in, const Tensor& weights, const Tensor& dmixed,
                     std::span<const std::int64_t> sources, std::int64_t trained_queries, std::int64_t trained_rows,
                     Tensor& dqueries, Tensor& dkeys, Tensor& dvalues);

}  // namespace fedorbit
