#include "model/tree_attention.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

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

// `known_width` is the width of a head where compilers may know it, or 0.

/// One client: `work` is w + 2 heads floats to work in.
template <int known_width, class Half>
FEDORBIT_CLONES void attend_rows(const Sight& sight, const Heads heads, Rows<Half> queries, Rows<Half> keys,
                                 Rows<Half> values, const Half* root_key, const Half* root_value, Rows<Half> out,
                                 float* weights, float* work) {
  const std::int64_t width = known_width > 0 ? known_width : heads.width;
  const std::int64_t w = heads.count * width, longest = sight.longest;
  for (std::int64_t q = 0; q < sight.queries(); ++q, weights += heads.count * longest) {
    const std::int32_t* seen = sight.row.data() + sight.start[std::size_t(q)];
    const std::int64_t count = sight.start[std::size_t(q) + 1] - sight.start[std::size_t(q)];
    for (std::int64_t i = 0; i < count; ++i) {
      const Half* key = seen[i] < 0 ? root_key : keys[seen[i]];
      for (std::int64_t h = 0; h < heads.count; ++h)
        weights[i * heads.count + h] = heads.scale * product(queries[q] + h * width, key + h * width, width);
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
        const std::int64_t first = h * width;
#pragma omp simd
        for (std::int64_t j = 0; j < width; ++j) mixed[first + j] += weight * widened(value[first + j]);
      }
    }
    Half* row = out[q];
#pragma omp simd
    for (std::int64_t j = 0; j < w; ++j) narrowed(mixed[j], row[j]);
  }
}

/// One client: `work` is (1 + 2 trained_rows, w) and (longest + 1, heads) floats to work in.
template <int known_width, class Half>
FEDORBIT_CLONES void attend_backward_rows(const Sight& sight, const Heads heads, Rows<Half> queries, Rows<Half> keys,
                                          Rows<Half> values, const Half* root_key, const Half* root_value,
                                          const float* weights, Rows<Half> dmixed, std::int64_t trained_queries,
                                          std::int64_t trained_rows, Rows<Half> dqueries, Rows<Half> dkeys,
                                          Rows<Half> dvalues, float* work) {
  const std::int64_t width = known_width > 0 ? known_width : heads.width;
  const std::int64_t w = heads.count * width, longest = sight.longest;
  float *dquery = work, *dkey = work + w, *dvalue = dkey + trained_rows * w;
  float *mean = dvalue + trained_rows * w, *dscores = mean + heads.count;  // (heads), (longest, heads)
  std::fill_n(dkey, 2 * trained_rows * w, 0.f);
  for (std::int64_t q = 0; q < sight.queries(); ++q, weights += heads.count * longest) {
    const std::int32_t* seen = sight.row.data() + sight.start[std::size_t(q)];
    const std::int64_t count = sight.start[std::size_t(q) + 1] - sight.start[std::size_t(q)];
    const Half *d = dmixed[q], *query = queries[q];
    // dscore = scale weight (dweight - mean), the mean of the gradients of the weights being weighted by them.
    std::fill_n(mean, heads.count, 0.f);
    for (std::int64_t i = 0; i < count; ++i) {
      const Half* value = seen[i] < 0 ? root_value : values[seen[i]];
      for (std::int64_t h = 0; h < heads.count; ++h)
        dscores[i * heads.count + h] = product(d + h * width, value + h * width, width);
#pragma omp simd
      for (std::int64_t h = 0; h < heads.count; ++h)
        mean[h] += weights[i * heads.count + h] * dscores[i * heads.count + h];
    }
    for (std::int64_t i = 0; i < count; ++i)
#pragma omp simd
      for (std::int64_t h = 0; h < heads.count; ++h) {
        float& dscore = dscores[i * heads.count + h];
        dscore = heads.scale * weights[i * heads.count + h] * (dscore - mean[h]);
      }
    for (std::int64_t i = 0; i < count; ++i) {
      if (seen[i] < 0 || seen[i] >= trained_rows) continue;
      float *to_key = dkey + seen[i] * w, *to_value = dvalue + seen[i] * w;
      for (std::int64_t h = 0; h < heads.count; ++h) {
        const float dscore = dscores[i * heads.count + h], share = weights[i * heads.count + h];
        const std::int64_t first = h * width;
#pragma omp simd
        for (std::int64_t j = 0; j < width; ++j) {
          to_key[first + j] += dscore * widened(query[first + j]);
          to_value[first + j] += share * widened(d[first + j]);
        }
      }
    }
    if (q >= trained_queries) continue;
    std::fill_n(dquery, w, 0.f);
    for (std::int64_t i = 0; i < count; ++i) {
      const Half* key = seen[i] < 0 ? root_key : keys[seen[i]];
      for (std::int64_t h = 0; h < heads.count; ++h) {
        const float dscore = dscores[i * heads.count + h];
        const std::int64_t first = h * width;
#pragma omp simd
        for (std::int64_t j = 0; j < width; ++j) dquery[first + j] += dscore * widened(key[first + j]);
      }
    }
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

/// Every published CLIP has heads of 64 channels, or nearly every one.
constexpr int usual_width = 64;

template <class Work>
void for_type(const Tensor& y, const Heads& heads, Work work) {
  const auto of_width = [&](auto* half) {
    if (heads.width == usual_width) return work(half, std::integral_constant<int, usual_width>());
    work(half, std::integral_constant<int, 0>());
  };
  if (y.scalar_type() == at::kFloat) return of_width(static_cast<float*>(nullptr));
  require(y.scalar_type() == at::kBFloat16, "tree attention knows float32 and bfloat16, not ", y.scalar_type(), ".");
  of_width(static_cast<BFloat16*>(nullptr));
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
  for_type(in.queries, heads, [&](auto* half, auto width) {
    for (std::int64_t k = 0; k < clients; ++k)
      attend_rows<width()>(sight, heads, rows_of(in.queries, half).from(k * Q), rows_of(in.keys, half).from(k * n),
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
  std::vector<float> work(std::size_t(heads.all() * (1 + 2 * trained_rows) + heads.count * (1 + sight.longest)));
  for_type(in.queries, heads, [&](auto* half, auto width) {
    for (std::int64_t k = 0; k < std::int64_t(sources.size()); ++k) {
      const std::int64_t at = sources[std::size_t(k)];
      attend_backward_rows<width()>(
          sight, heads, rows_of(in.queries, half).from(at * Q), rows_of(in.keys, half).from(at * n),
          rows_of(in.values, half).from(at * n), rows_of(in.root_key, half).data, rows_of(in.root_value, half).data,
          weights.const_data_ptr<float>() + at * Q * heads.count * sight.longest, rows_of(dmixed, half).from(k * Q),
          trained_queries, trained_rows, rows_of(dqueries, half).from(k * trained_queries),
          rows_of(dkeys, half).from(k * trained_rows), rows_of(dvalues, half).from(k * trained_rows), work.data());
    }
  });
}

}  // namespace fedorbit
