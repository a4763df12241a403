#include "model/towers/dense_attention.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "model/towers/lanes.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t lanes = 16;      // floats in the widest register
constexpr std::int64_t tile_rows = 4;   // queries at a time
constexpr std::int64_t tile_lanes = 4;  // registers across: 16 sums stay in registers

constexpr std::int64_t padded(std::int64_t count) { return (count + lanes - 1) / lanes * lanes; }

/// c (4, columns) = a (4, depth) b (depth, columns)
template <std::int64_t columns>
inline __attribute__((always_inline)) void multiply_tile(const float* a, std::int64_t a_stride, std::int64_t depth,
                                                         const float* b, std::int64_t b_stride, float* c,
                                                         std::int64_t c_stride) {
  float sums[tile_rows][columns] = {};
  for (std::int64_t k = 0; k < depth; ++k)
    for (std::int64_t r = 0; r < tile_rows; ++r) {
      const float factor = a[r * a_stride + k];
#pragma omp simd
      for (std::int64_t j = 0; j < columns; ++j) sums[r][j] += factor * b[k * b_stride + j];
    }
  for (std::int64_t r = 0; r < tile_rows; ++r)
#pragma omp simd
    for (std::int64_t j = 0; j < columns; ++j) c[r * c_stride + j] = sums[r][j];
}

/// The same for any multiple of 16 columns.
inline __attribute__((always_inline)) void multiply(const float* a, std::int64_t a_stride, std::int64_t depth,
                                                    const float* b, std::int64_t columns, float* c) {
  std::int64_t j = 0;
  for (; j + tile_lanes * lanes <= columns; j += tile_lanes * lanes)
    multiply_tile<tile_lanes * lanes>(a, a_stride, depth, b + j, columns, c + j, columns);
  for (; j < columns; j += lanes) multiply_tile<lanes>(a, a_stride, depth, b + j, columns, c + j, columns);
}

/// row (count) becomes its softmax; what follows up to `padding`, zero.
inline __attribute__((always_inline)) void softmax(float* row, std::int64_t count, std::int64_t padding) {
  float highest = row[0], sum = 0;
#pragma omp simd reduction(max : highest)
  for (std::int64_t j = 0; j < count; ++j) highest = row[j] > highest ? row[j] : highest;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += row[j] = exponential(row[j] - highest);
  const float share = 1 / sum;
#pragma omp simd
  for (std::int64_t j = 0; j < count; ++j) row[j] *= share;
  for (std::int64_t j = count; j < padding; ++j) row[j] = 0;
}

template <class Half>
struct Rows {
  Half* data;
  std::int64_t stride;
};

struct Shape {
  std::int64_t queries, keys, width;  // of one head of one sequence
  std::int64_t key_padding() const { return padded(keys); }
  std::int64_t width_padding() const { return padded(width); }
  /// Floats to work in: transposed keys, values, four queries, their scores, what they mix.
  std::int64_t room() const {
    return key_padding() * width + keys * width_padding() + tile_rows * (width + key_padding() + width_padding());
  }
};

template <class Half>
FEDORBIT_CLONES void attend_head(const Shape shape, Rows<Half> queries, Rows<Half> keys, Rows<Half> values,
                                 Rows<Half> mixed, float* work) {
  const std::int64_t width = shape.width, across = shape.key_padding(), wide = shape.width_padding();
  float *turned = work, *value = turned + across * width, *query = value + shape.keys * wide,
        *score = query + tile_rows * width, *mixture = score + tile_rows * across;
  for (std::int64_t i = 0; i < shape.keys; ++i) {
    const Half *key = keys.data + i * keys.stride, *from = values.data + i * values.stride;
    for (std::int64_t j = 0; j < width; ++j) turned[j * across + i] = widened(key[j]);
#pragma omp simd
    for (std::int64_t j = 0; j < width; ++j) value[i * wide + j] = widened(from[j]);
    for (std::int64_t j = width; j < wide; ++j) value[i * wide + j] = 0;
  }
  for (std::int64_t j = 0; j < width; ++j)
    for (std::int64_t i = shape.keys; i < across; ++i) turned[j * across + i] = 0;
  const float scale = 1 / std::sqrt(float(width));
  for (std::int64_t first = 0; first < shape.queries; first += tile_rows) {
    const std::int64_t now = std::min(tile_rows, shape.queries - first);
    for (std::int64_t r = 0; r < tile_rows; ++r) {  // past the last, the last again
      const Half* from = queries.data + (first + std::min(r, now - 1)) * queries.stride;
#pragma omp simd
      for (std::int64_t j = 0; j < width; ++j) query[r * width + j] = widened(from[j]) * scale;
    }
    multiply(query, width, width, turned, across, score);
    for (std::int64_t r = 0; r < now; ++r) softmax(score + r * across, shape.keys, across);
    multiply(score, across, shape.keys, value, wide, mixture);
    for (std::int64_t r = 0; r < now; ++r) {
      Half* to = mixed.data + (first + r) * mixed.stride;
#pragma omp simd
      for (std::int64_t j = 0; j < width; ++j) narrowed(mixture[r * wide + j], to[j]);
    }
  }
}

/// Brings one sequence's rows near, in the order in which they lie: a head's columns alone are too far apart for the
/// processor to foresee.
template <class Half>
void read_ahead(Rows<Half> rows, const Tensor& x, std::int64_t sequences) {
  constexpr std::int64_t line = 64 / sizeof(Half);
  for (std::int64_t i = 0; i < x.size(0) / sequences; ++i)
    for (std::int64_t j = 0; j < x.size(1); j += line) __builtin_prefetch(rows.data + i * rows.stride + j);
}

template <class Half>
void attend(std::int64_t sequences, std::int64_t heads, const Tensor& queries, const Tensor& keys, const Tensor& values,
            Tensor& mixed) {
  const Shape shape{queries.size(0) / sequences, keys.size(0) / sequences, queries.size(1) / heads};
  std::vector<float> work(std::size_t(shape.room()));
  const auto head = [&](const Tensor& x, std::int64_t rows, std::int64_t sequence, std::int64_t which) {
    return Rows<Half>{static_cast<Half*>(x.mutable_data_ptr()) + sequence * rows * x.stride(0) + which * shape.width,
                      x.stride(0)};
  };
  for (std::int64_t n = 0; n < sequences; ++n) {
    for (const Tensor* x : {&queries, &keys, &values})
      read_ahead(head(*x, x->size(0) / sequences, n, 0), *x, sequences);
    for (std::int64_t h = 0; h < heads; ++h)
      attend_head(shape, head(queries, shape.queries, n, h), head(keys, shape.keys, n, h),
                  head(values, shape.keys, n, h), head(mixed, shape.queries, n, h), work.data());
  }
}

}  // namespace

void attend_all(std::int64_t sequences, std::int64_t heads, const Tensor& queries, const Tensor& keys,
                const Tensor& values, Tensor& mixed) {
  if (queries.scalar_type() == at::kFloat) return attend<float>(sequences, heads, queries, keys, values, mixed);
  require(queries.scalar_type() == at::kBFloat16, "attention by hand knows float32 and bfloat16, not ",
          queries.scalar_type(), ".");
  attend<BFloat16>(sequences, heads, queries, keys, values, mixed);
}

}  // namespace fedorbit
