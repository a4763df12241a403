#include "data/resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace fedorbit {
namespace {

constexpr int precision_bits = 32 - 8 - 2;

/// Which source lines make one target line, and with which fixed-point weights.
struct Taps {
  std::int64_t first, count;
};

struct Filter {
  std::vector<Taps> taps;             // per target line
  std::vector<std::int32_t> weights;  // (target, longest)
  std::int64_t longest;
};

/// Keys' cubic with a = -0.5 (Keys 1981, doi 10.1109/TASSP.1981.1163711).
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

Filter make_filter(std::int64_t from, std::int64_t to) {
  const double scale = double(from) / double(to), stretch = std::max(scale, 1.0), support = 2 * stretch;
  Filter out{{}, {}, std::int64_t(std::ceil(support)) * 2 + 1};
  out.weights.resize(std::size_t(to * out.longest));
  std::vector<double> exact(std::size_t(out.longest));
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = (double(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(0, std::int64_t(centre - support + 0.5));
    const auto count = std::min<std::int64_t>(from, std::int64_t(centre + support + 0.5)) - first;
    double sum = 0;
    for (std::int64_t j = 0; j < count; ++j)
      sum += exact[std::size_t(j)] = cubic((double(j + first) - centre + 0.5) / stretch);
    for (std::int64_t j = 0; j < count; ++j) {
      const double fixed = exact[std::size_t(j)] / sum * (1 << precision_bits);
      out.weights[std::size_t(i * out.longest + j)] = std::int32_t(fixed + (fixed < 0 ? -0.5 : 0.5));
    }
    out.taps.push_back({first, count});
  }
  return out;
}

/// out = the weighted sum of `count` lines of `width` bytes, rounded; `sums` is room for as many numbers.
FEDORBIT_CLONES void weigh_lines(const std::uint8_t* lines, std::int64_t stride, const std::int32_t* weights,
                                 std::int64_t count, std::int64_t width, std::int32_t* __restrict__ sums,
                                 std::uint8_t* __restrict__ out) {
  std::fill_n(sums, width, 1 << (precision_bits - 1));
  for (std::int64_t j = 0; j < count; ++j, lines += stride) {
    const std::int32_t weight = weights[j];
    for (std::int64_t x = 0; x < width; ++x) sums[x] += lines[x] * weight;
  }
  for (std::int64_t x = 0; x < width; ++x) out[x] = std::uint8_t(std::clamp(sums[x] >> precision_bits, 0, 255));
}

using Bytes = std::uint8_t __attribute__((vector_size(16)));

/// 16 rows of 16 bytes become columns, by four rounds of perfect shuffles.
inline void transpose_block(const std::uint8_t* in, std::int64_t in_stride, std::uint8_t* out,
                            std::int64_t out_stride) {
  Bytes rows[16], next[16];
  for (int i = 0; i < 16; ++i) std::memcpy(&rows[i], in + i * in_stride, sizeof(Bytes));
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 8; ++i) {
      next[2 * i] =
          __builtin_shufflevector(rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] =
          __builtin_shufflevector(rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    std::memcpy(rows, next, sizeof rows);
  }
  for (int i = 0; i < 16; ++i) std::memcpy(out + i * out_stride, &rows[i], sizeof(Bytes));
}

/// (rows, columns) -> (columns, rows)
void transpose(const std::uint8_t* in, std::int64_t in_stride, std::int64_t rows, std::int64_t columns,
               std::uint8_t* out, std::int64_t out_stride) {
  const auto one_by_one = [&](std::int64_t row, std::int64_t end, std::int64_t first, std::int64_t last) {
    for (; row < end; ++row)
      for (std::int64_t column = first; column < last; ++column)
        out[column * out_stride + row] = in[row * in_stride + column];
  };
  const std::int64_t whole_rows = rows / 16 * 16, whole_columns = columns / 16 * 16;
  for (std::int64_t row = 0; row < whole_rows; row += 16)
    for (std::int64_t column = 0; column < whole_columns; column += 16)
      transpose_block(in + row * in_stride + column, in_stride, out + column * out_stride + row, out_stride);
  one_by_one(0, whole_rows, whole_columns, columns);
  one_by_one(whole_rows, rows, 0, columns);
}

}  // namespace

void resize_window(const Window& window, std::int64_t height, std::int64_t width, bool mirrored, std::uint8_t* out) {
  // Sums run over whole lines, in vectors: so columns are turned into lines, and back again in between.
  thread_local std::vector<std::uint8_t> turned, narrowed, plane;
  thread_local std::vector<std::int32_t> sums;
  const std::int64_t channels = window.channels, rows = window.rows;
  turned.resize(std::size_t(window.columns * channels * rows));
  transpose(window.first, window.stride, rows, window.columns * channels, turned.data(), rows);
  sums.resize(std::size_t(std::max(rows, width)));
  const std::uint8_t* columns = turned.data();
  if (window.columns != width) {
    const Filter filter = make_filter(window.columns, width);
    narrowed.resize(std::size_t(width * channels * rows));
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t c = 0; c < channels; ++c)
        weigh_lines(turned.data() + (filter.taps[std::size_t(x)].first * channels + c) * rows, channels * rows,
                    &filter.weights[std::size_t(x * filter.longest)], filter.taps[std::size_t(x)].count, rows,
                    sums.data(), narrowed.data() + (x * channels + c) * rows);
    columns = narrowed.data();
  }
  const bool keeps_rows = rows == height;
  const Filter filter = keeps_rows ? Filter{} : make_filter(rows, height);
  plane.resize(std::size_t(rows * width));
  for (std::int64_t c = 0; c < channels; ++c) {
    transpose(columns + c * rows, channels * rows, width, rows, plane.data(), width);
    if (keeps_rows) std::copy_n(plane.data(), height * width, out);
    for (std::int64_t y = 0; y < height; ++y, out += width) {
      if (!keeps_rows)
        weigh_lines(plane.data() + filter.taps[std::size_t(y)].first * width, width,
                    &filter.weights[std::size_t(y * filter.longest)], filter.taps[std::size_t(y)].count, width,
                    sums.data(), out);
      if (mirrored) std::reverse(out, out + width);
    }
  }
}

}  // namespace fedorbit
