// Attention in which a row sees only itself and its ancestors in a tree: each row has a short list of rows, so nothing
// is computed that a mask would throw away. CPU only.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

/// What each of Q queries sees among the n rows of one client: at most `longest` rows each, -1 for the root, whose key
/// and value are the same for everyone.
struct Sight {
  std::vector<std::int32_t> row;    // all lists one after another
  std::vector<std::int32_t> start;  // (Q + 1)
  std::int64_t longest = 0;
  std::int64_t queries() const { return std::int64_t(start.size()) - 1; }
};

/// Tensors of K clients, as products gave them: half is float32 or bfloat16. Columns are heads one after another.
struct AttentionInput {
  Tensor queries;               // (K Q, w) half, rows may be strided
  Tensor keys, values;          // (K n, w) half, rows may be strided
  Tensor root_key, root_value;  // (w) half
  std::int64_t heads;
};

/// mixed (K Q, w) half = softmax(queries keys^T / sqrt(w / heads)) values over what each query sees; weights
/// (K Q, longest, heads) float32 are kept for the backward.
void attend(const Sight& sight, const AttentionInput& in, Tensor& mixed, Tensor& weights);

/// The gradients of queries, keys and values at `in` and `weights`, given dmixed (sources.size() Q, w) half: client k
/// belongs to client sources[k] of `in`. Of each client the first `trained_queries` queries get a gradient, dqueries
/// (clients trained_queries, w), and the first `trained_rows` rows, dkeys and dvalues (clients trained_rows, w); all
/// half, rows may be strided.
void attend_backward(const Sight& sight, const AttentionInput& in, const Tensor& weights, const Tensor& dmixed,
                     std::span<const std::int64_t> sources, std::int64_t trained_queries, std::int64_t trained_rows,
                     Tensor& dqueries, Tensor& dkeys, Tensor& dvalues);

}  // namespace fedorbit
