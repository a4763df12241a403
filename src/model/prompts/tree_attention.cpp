#include "model/prompts/tree_attention.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>
#include <vector>

#include "core/error.hpp"
#include "model/towers/interleaved_heads.hpp"

namespace fedorbit {
namespace {

/// Rows of w numbers, `stride` apart.
template <class Number>
struct Rows {
  Number* data = nullptr;
  std::int64_t stride = 0;
  Number* operator[](std::int64_t row) const { return data + row * stride; }
  Rows from(std::int64_t row) const { return {data + row * stride, stride}; }
};

/// The same rows in float32, in `room` where they are not already; `room` then points behind them.
template <class Half>
inline __attribute__((always_inline)) Rows<const float> widen(Rows<Half> x, std::int64_t rows, std::int64_t w,
                                                              float*& room) {
  if constexpr (std::is_same_v<Half, float>) {
    return {x.data, x.stride};
  } else {
    const Rows<const float> out{room, w};
    for (std::int64_t r = 0; r < rows; ++r)
#pragma omp simd
      for (std::int64_t j = 0; j < w; ++j) room[r * w + j] = widened(x[r][j]);
    room += rows * w;
    return out;
  }
}

template <class Half>
struct Input {
  Rows<Half> queries, keys, values;
  Half *root_key, *root_value;
  std::int64_t rows;  // n
};

/// Keys or values of a client in float32: row -1 is the root's.
struct Known {
  Rows<const float> rows;
  const float* root;
  const float* operator[](std::int32_t row) const { return row < 0 ? root : rows[row]; }
};

template <class Half>
inline __attribute__((always_inline)) Known known(Rows<Half> x, Half* root, std::int64_t rows, std::int64_t w,
                                                  float*& room) {
  return {widen(x, rows, w, room), widen(Rows<Half>{root, 0}, 1, w, room).data};
}

/// One client. `room` is (1 + 2 (n + 1), w) floats and `terms` the longest list to work in.
template <class L, int vectors, class Half>
FEDORBIT_CLONES void attend_rows(const Sight& sight, const Heads<L, vectors> heads, const Input<Half> in,
                                 Rows<Half> out, float* weights, float* room, Term* terms) {
  const std::int64_t lanes = heads.lanes(), w = heads.w;
  float* query = room;
  room += w;
  const Known keys = known(in.keys, in.root_key, in.rows, w, room);
  const Known values = known(in.values, in.root_value, in.rows, w, room);
  for (std::int64_t q = 0; q < sight.queries(); ++q, weights += lanes * sight.longest) {
    const std::int32_t* seen = sight.row.data() + sight.start[std::size_t(q)];
    const std::int64_t count = sight.start[std::size_t(q) + 1] - sight.start[std::size_t(q)];
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j) query[j] = heads.scale * widened(in.queries[q][j]);
    for (std::int64_t i = 0; i < count; ++i) {
      products(heads, query, keys[seen[i]], weights + i * lanes);
      terms[i] = {weights + i * lanes, values[seen[i]]};
    }
    for (std::int64_t v = 0; v < lanes; v += heads.size) {
      L highest = loaded<L>(weights + v), sum{};
      for (std::int64_t i = 1; i < count; ++i) {
        const L score = loaded<L>(weights + i * lanes + v);
        highest = score > highest ? score : highest;
      }
      for (std::int64_t i = 0; i < count; ++i) {
        const L weight = exponential(loaded<L>(weights + i * lanes + v) - highest);
        sum += weight;
        stored(weight, weights + i * lanes + v);
      }
      const L share = 1 / sum;
      for (std::int64_t i = 0; i < count; ++i)
        stored(share * loaded<L>(weights + i * lanes + v), weights + i * lanes + v);
    }
    mix(heads, terms, count, out[q]);
  }
}

template <class Half>
struct Gradients {
  Rows<Half> queries, keys, values;
  std::int64_t trained_queries, trained_rows;
};

/// One client. `room` is (2 Q + 2 (n + 1), w) and (Q, longest, lanes) floats and `terms` the longest list to work in.
template <class L, int vectors, class Half>
FEDORBIT_CLONES void attend_backward_rows(const Sight& sight, const Heads<L, vectors> heads, const Input<Half> in,
                                          const float* weights, Rows<Half> dmixed, const Gradients<Half> out,
                                          float* room, Term* terms) {
  const std::int64_t lanes = heads.lanes(), w = heads.w, Q = sight.queries(), of_query = lanes * sight.longest;
  float* dscores = room;  // (Q, longest, lanes)
  room += Q * of_query;
  const Rows<const float> queries = widen(in.queries, Q, w, room), d = widen(dmixed, Q, w, room);
  const Known keys = known(in.keys, in.root_key, in.rows, w, room);
  const Known values = known(in.values, in.root_value, in.rows, w, room);
  for (std::int64_t q = 0; q < Q; ++q) {
    const std::int32_t* seen = sight.row.data() + sight.start[std::size_t(q)];
    const std::int64_t count = sight.start[std::size_t(q) + 1] - sight.start[std::size_t(q)];
    const float* weight = weights + q * of_query;
    float* dscore = dscores + q * of_query;
    for (std::int64_t i = 0; i < count; ++i) {
      products(heads, d[q], values[seen[i]], dscore + i * lanes);
      terms[i] = {dscore + i * lanes, keys[seen[i]]};
    }
    // dscore = scale weight (dweight - mean), the mean of the gradients of the weights being weighted by them.
    for (std::int64_t v = 0; v < lanes; v += heads.size) {
      L mean{};
      for (std::int64_t i = 0; i < count; ++i)
        mean += loaded<L>(weight + i * lanes + v) * loaded<L>(dscore + i * lanes + v);
      for (std::int64_t i = 0; i < count; ++i) {
        const L dweight = loaded<L>(dscore + i * lanes + v);
        stored(heads.scale * loaded<L>(weight + i * lanes + v) * (dweight - mean), dscore + i * lanes + v);
      }
    }
    if (q < out.trained_queries) mix(heads, terms, count, out.queries[q]);
  }
  for (std::int64_t r = 0; r < out.trained_rows; ++r) {
    const Sight::Seer* seer = sight.seer.data() + sight.seer_start[std::size_t(r)];
    const std::int64_t count = sight.seer_start[std::size_t(r) + 1] - sight.seer_start[std::size_t(r)];
    for (std::int64_t i = 0; i < count; ++i)
      terms[i] = {dscores + seer[i].query * of_query + seer[i].place * lanes, queries[seer[i].query]};
    mix(heads, terms, count, out.keys[r]);
    for (std::int64_t i = 0; i < count; ++i)
      terms[i] = {weights + seer[i].query * of_query + seer[i].place * lanes, d[seer[i].query]};
    mix(heads, terms, count, out.values[r]);
  }
}

template <class L, class Half, class Work>
bool in_vectors(const AttentionInput& in, std::int64_t w, float scale, Half* half, Work work) {
  const std::int64_t lanes = std::lcm(in.heads, lane_count<L>);
  const auto tried = [&]<int vectors>(std::integral_constant<int, vectors>) {
    if (lanes != vectors * lane_count<L> || w % lanes != 0) return false;
    work(Heads<L, vectors>{in.heads, w, scale}, half);
    return true;
  };
  return tried(std::integral_constant<int, 1>()) || tried(std::integral_constant<int, 2>()) ||
         tried(std::integral_constant<int, 3>()) || tried(std::integral_constant<int, 5>());
}

/// work(heads, half): half is a null pointer to what the tensors hold.
template <class Work>
void for_type(const AttentionInput& in, Work work) {
  static const bool wide = FEDORBIT_WIDE_LANES;
  const std::int64_t w = in.queries.size(1);
  const float scale = 1 / std::sqrt(float(w / in.heads));
  const auto of_heads = [&](auto* half) {
    if (!(wide ? in_vectors<Lanes16>(in, w, scale, half, work) : in_vectors<Lanes8>(in, w, scale, half, work)))
      work(Heads<float, 0>{in.heads, w, scale}, half);
  };
  const auto type = in.queries.scalar_type();
  if (type == at::kFloat) return of_heads(static_cast<float*>(nullptr));
  require(type == at::kBFloat16, "tree attention knows float32 and bfloat16, not ", type, ".");
  of_heads(static_cast<BFloat16*>(nullptr));
}

template <class Half>
Rows<Half> rows_of(const Tensor& x, Half*) {
  return {static_cast<Half*>(x.mutable_data_ptr()), x.stride(0)};
}

/// Of client k, where each has Q queries and n rows.
template <class Half>
Input<Half> input_of(const AttentionInput& in, std::int64_t k, std::int64_t Q, std::int64_t n, Half* half) {
  return {rows_of(in.queries, half).from(k * Q), rows_of(in.keys, half).from(k * n),
          rows_of(in.values, half).from(k * n),  rows_of(in.root_key, half).data,
          rows_of(in.root_value, half).data,     n};
}

}  // namespace

Tensor attend(const Sight& sight, const AttentionInput& in, Tensor& mixed) {
  const std::int64_t Q = sight.queries(), clients = in.queries.size(0) / Q, n = in.keys.size(0) / clients;
  const Tensor room = at::empty({in.queries.size(1) * (1 + 2 * (n + 1))}, at::kFloat);
  std::vector<Term> terms(std::size_t(sight.longest));
  Tensor weights;
  for_type(in, [&](const auto heads, auto* half) {
    weights = at::empty({clients, Q, sight.longest, heads.lanes()}, at::kFloat);
    for (std::int64_t k = 0; k < clients; ++k)
      attend_rows(sight, heads, input_of(in, k, Q, n, half), rows_of(mixed, half).from(k * Q),
                  weights.mutable_data_ptr<float>() + k * weights.stride(0), room.mutable_data_ptr<float>(),
                  terms.data());
  });
  return weights;
}

void attend_backward(const Sight& sight, const AttentionInput& in, const Tensor& weights, const Tensor& dmixed,
                     std::span<const std::int64_t> sources, std::int64_t trained_queries, std::int64_t trained_rows,
                     Tensor& dqueries, Tensor& dkeys, Tensor& dvalues) {
  const std::int64_t Q = sight.queries(), n = in.keys.size(0) / weights.size(0), w = in.queries.size(1);
  const Tensor room = at::empty({w * (2 * Q + 2 * (n + 1)) + weights.stride(0)}, at::kFloat);
  std::vector<Term> terms(std::size_t(std::max(sight.longest, Q)));
  for_type(in, [&](const auto heads, auto* half) {
    for (std::int64_t k = 0; k < std::int64_t(sources.size()); ++k) {
      const std::int64_t at = sources[std::size_t(k)];
      attend_backward_rows(
          sight, heads, input_of(in, at, Q, n, half), weights.const_data_ptr<float>() + at * weights.stride(0),
          rows_of(dmixed, half).from(k * Q),
          {rows_of(dqueries, half).from(k * trained_queries), rows_of(dkeys, half).from(k * trained_rows),
           rows_of(dvalues, half).from(k * trained_rows), trained_queries, trained_rows},
          room.mutable_data_ptr<float>(), terms.data());
    }
  });
}

}  // namespace fedorbit
