#include "model/tree_attention.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "model/half.hpp"

namespace fedorbit {
namespace {

/// Rows of w numbers, `stride` apart.
template <class Half>
struct Rows {
  Half* data = nullptr;
  std::int64_t stride = 0;
  Half* operator[](std::int64_t row) const { return data + row * stride; }
  Rows from(std::int64_t row) const { return {data + row * stride, stride}; }
};

struct Heads {
  std::int64_t count, width;
  float scale;
  std::int64_t all() const { return count * width; }
};

template <class Half>
inline __attribute__((always_inline)) float product(const Half* a, const Half* b, std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += widened(a[j]) * widened(b[j]);
  return sum;
}

/// One client: `work` is w + 2 heads floats to work in.
template <class Half>
FEDORBIT_CLONES void attend_rows(const Sight& sight, const Heads heads, Rows<Half> queries, Rows<Half> keys,
                                 Rows<Half> values, const Half* root_key, const Half* root_value, Rows<Half> out,
                                 float* weights, float* work) {
  const std::int64_t w = heads.all(), longest = sight.longest;
  for (std::int64_t q = 0; q < sight.queries(); ++q, weights += heads.count * longest) {
    const std::int32_t* seen = sight.row.data() + sight.start[std::size_t(q)];
    const std::int64_t count = sight.start[std::size_t(q) + 1] - sight.start[std::size_t(q)];
    for (std::int64_t i = 0; i < count; ++i) {
      const Half* key = seen[i] < 0 ? root_key : keys[seen[i]];
      for (std::int64_t h = 0; h < heads.count; ++h)
        weights[i * heads.count + h] =
            heads.scale * product(queries[q] + h * heads.width, key + h * heads.width, heads.width);
    }
    float *highest = work + w, *sum = highest + heads.count;  // of each head
    std::copy_n(weights, heads.count, highest);
    std::fill_n(sum, heads.count, 0.f);
    for (std::int64_t i = 1; i < count; ++i)
#pragma omp simd
      for (std::int64_t h = 0; h < heads.count; ++h) highest[h] = std::max(highest[h], weights[i * heads.count + h]);
    for (std::int64_t i = 0; i < count; ++i)
#pragma omp simd
      for (std::int64_t h = 0; h < heads.count; ++h) {
        float& weight = weights[i * heads.count + h];
        weight = exponential(weight - highest[h]);
        sum[h] += weight;
      }
    float* mixed = work;
    std::fill_n(mixed, w, 0.f);
    for (std::int64_t i = 0; i < count; ++i) {
      const Half* value = seen[i] < 0 ? root_value : values[seen[i]];
      for (std::int64_t h = 0; h < heads.count; ++h) {
        const float weight = weights[i * heads.count + h] /= sum[h];
        const std::int64_t first = h * heads.width;
#pragma omp simd
        for (std::int64_t j = 0; j < heads.width; ++j) mixed[first + j] += weight * widened(value[first + j]);
      }
    }
    Half* row = out[q];
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j) narrowed(mixed[j], row[j]);
  }
}

/// One client: `work` is (1 + 2 trained_rows, w) floats to work in.
template <class Half>
FEDORBIT_CLONES void attend_backward_rows(const Sight& sight, const Heads heads, Rows<Half> queries, Rows<Half> keys,
                                          Rows<Half> values, const Half* root_key, const Half* root_value,
                                          const float* weights, Rows<Half> dmixed, std::int64_t trained_queries,
                                          std::int64_t trained_rows, Rows<Half> dqueries, Rows<Half> dkeys,
                                          Rows<Half> dvalues, float* work) {
  const std::int64_t w = heads.all(), longest = sight.longest;
  float *dquery = work, *dkey = work + w, *dvalue = dkey + trained_rows * w;
  std::fill_n(dkey, 2 * trained_rows * w, 0.f);
  for (std::int64_t q = 0; q < sight.queries(); ++q, weights += heads.count * longest) {
    const std::int32_t* seen = sight.row.data() + sight.start[std::size_t(q)];
    const std::int64_t count = sight.start[std::size_t(q) + 1] - sight.start[std::size_t(q)];
    std::fill_n(dquery, w, 0.f);
    for (std::int64_t h = 0; h < heads.count; ++h) {
      const std::int64_t first = h * heads.width;
      const Half *d = dmixed[q] + first, *query = queries[q] + first;
      const float* weight = weights + h;  // of what is seen, heads.count apart
      float mean = 0;                     // of the gradients of the weights, weighted by them
      for (std::int64_t i = 0; i < count; ++i)
        mean += weight[i * heads.count] * product(d, (seen[i] < 0 ? root_value : values[seen[i]]) + first, heads.width);
      for (std::int64_t i = 0; i < count; ++i) {
        const Half *value = (seen[i] < 0 ? root_value : values[seen[i]]) + first,
                   *key = (seen[i] < 0 ? root_key : keys[seen[i]]) + first;
        const float share = weight[i * heads.count];
        const float dscore = heads.scale * share * (product(d, value, heads.width) - mean);
        float* to = dquery + first;
#pragma omp simd
        for (std::int64_t j = 0; j < heads.width; ++j) to[j] += dscore * widened(key[j]);
        if (seen[i] < 0 || seen[i] >= trained_rows) continue;
        float *to_key = dkey + seen[i] * w + first, *to_value = dvalue + seen[i] * w + first;
#pragma omp simd
        for (std::int64_t j = 0; j < heads.width; ++j) {
          to_key[j] += dscore * widened(query[j]);
          to_value[j] += share * widened(d[j]);
        }
      }
    }
    if (q >= trained_queries) continue;
    Half* row = dqueries[q];
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j) narrowed(dquery[j], row[j]);
  }
  for (std::int64_t r = 0; r < trained_rows; ++r) {
    Half *key = dkeys[r], *value = dvalues[r];
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j) {
      narrowed(dkey[r * w + j], key[j]);
      narrowed(dvalue[r * w + j], value[j]);
    }
  }
}

template <class Work>
void for_type(const Tensor& y, Work work) {
  if (y.scalar_type() == at::kFloat) return work(static_cast<float*>(nullptr));
  require(y.scalar_type() == at::kBFloat16, "tree attention knows float32 and bfloat16, not ", y.scalar_type(), ".");
  work(static_cast<Brain*>(nullptr));
}

template <class Half>
Rows<Half> rows_of(const Tensor& x, Half*) {
  if (!x.defined()) return {};
  return {static_cast<Half*>(x.mutable_data_ptr()), x.stride(0)};
}

Heads heads_of(const AttentionInput& in) {
  const std::int64_t width = in.queries.size(1) / in.heads;
  return {in.heads, width, 1 / std::sqrt(float(width))};
}

}  // namespace

void attend(const Sight& sight, const AttentionInput& in, Tensor& mixed, Tensor& weights) {
  const Heads heads = heads_of(in);
  const std::int64_t Q = sight.queries(), clients = in.queries.size(0) / Q, n = in.keys.size(0) / clients;
  std::vector<float> work(std::size_t(heads.all() + 2 * heads.count));
  for_type(in.queries, [&](auto* half) {
    for (std::int64_t k = 0; k < clients; ++k)
      attend_rows(sight, heads, rows_of(in.queries, half).from(k * Q), rows_of(in.keys, half).from(k * n),
                  rows_of(in.values, half).from(k * n), rows_of(in.root_key, half).data,
                  rows_of(in.root_value, half).data, rows_of(mixed, half).from(k * Q),
                  weights.mutable_data_ptr<float>() + k * Q * heads.count * sight.longest, work.data());
  });
}

void attend_backward(const Sight& sight, const AttentionInput& in, const Tensor& weights, const Tensor& dmixed,
                     std::span<const std::int64_t> sources, std::int64_t trained_queries, std::int64_t trained_rows,
                     Tensor& dqueries, Tensor& dkeys, Tensor& dvalues) {
  const Heads heads = heads_of(in);
  const std::int64_t Q = sight.queries(), known = in.queries.size(0) / Q, n = in.keys.size(0) / known;
  std::vector<float> work(std::size_t(heads.all() * (1 + 2 * trained_rows)));
  for_type(in.queries, [&](auto* half) {
    for (std::int64_t k = 0; k < std::int64_t(sources.size()); ++k) {
      const std::int64_t at = sources[std::size_t(k)];
      attend_backward_rows(
          sight, heads, rows_of(in.queries, half).from(at * Q), rows_of(in.keys, half).from(at * n),
          rows_of(in.values, half).from(at * n), rows_of(in.root_key, half).data, rows_of(in.root_value, half).data,
          weights.const_data_ptr<float>() + at * Q * heads.count * sight.longest, rows_of(dmixed, half).from(k * Q),
          trained_queries, trained_rows, rows_of(dqueries, half).from(k * trained_queries),
          rows_of(dkeys, half).from(k * trained_rows), rows_of(dvalues, half).from(k * trained_rows), work.data());
    }
  });
}

}  // namespace fedorbit
