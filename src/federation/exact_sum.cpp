#include "federation/exact_sum.hpp"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

// Compiled for several instruction sets (FEDORBIT_CLONES), see layers.cmake.
namespace fedorbit {
namespace {

/// Values that are looked at and then added: they and their sums stay in the nearest cache between the two.
constexpr std::int64_t block = 1024;

/// Blocks in which a value reaches the limit are not added; neither are those after them.
FEDORBIT_CLONES float add_rounded(std::int64_t* __restrict sum, const float* __restrict values, std::int64_t count,
                                  double factor, float limit) {
  float largest = 0;
  for (std::int64_t first = 0; first < count; first += block) {
    const std::int64_t last = std::min(first + block, count);
#pragma omp simd reduction(max : largest)
    for (std::int64_t j = first; j < last; ++j) largest = std::max(largest, std::abs(values[j]));
    if (!(largest < limit)) continue;
    for (std::int64_t j = first; j < last; ++j) sum[j] += std::int64_t(std::rint(double(values[j]) * factor));
  }
  return largest;
}

FEDORBIT_CLONES void divide(float* __restrict out, const std::int64_t* __restrict sum, std::int64_t count, double scale,
                            double divisor) {
  for (std::int64_t j = 0; j < count; ++j) out[j] = float(double(sum[j]) / scale / divisor);
}

}  // namespace

int exponent_above(double magnitude) {
  // No float32 is beyond 2^128, and what is not finite has no exponent.
  return magnitude < 0x1p128 ? std::ilogb(std::max(magnitude, 0x1p-200)) + 1 : 128;
}

ExactSum::ExactSum(std::vector<Segment> segments) : segments_(std::move(segments)) {
  for (const Segment& segment : segments_) length_ = std::max(length_, segment.offset + segment.length);
}

void ExactSum::begin(std::span<const int> exponents, std::span<const std::int64_t> weights) {
  integers_ = integers_.defined() ? integers_.zero_() : at::zeros({length_}, at::kLong);
  scale_.clear();
  limit_.clear();
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const int weight = std::bit_width(std::uint64_t(std::max<std::int64_t>(weights[i], 1) - 1));  // <= 2^weight
    scale_.push_back(std::ldexp(1.0, 62 - exponents[i] - weight));
    limit_.push_back(exponents[i] < 128 ? std::ldexp(1.0f, exponents[i]) : std::numeric_limits<float>::infinity());
  }
}

float ExactSum::add(std::size_t i, const float* values, std::int64_t weight) {
  const auto [offset, length] = segments_[i];
  return add_rounded(integers_.mutable_data_ptr<std::int64_t>() + offset, values, length, double(weight) * scale_[i],
                     limit_[i]);
}

void ExactSum::quotient(std::size_t i, std::int64_t divisor, float* out) const {
  const auto [offset, length] = segments_[i];
  divide(out, integers_.const_data_ptr<std::int64_t>() + offset, length, scale_[i], double(divisor));
}

}  // namespace fedorbit
