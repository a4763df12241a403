#include "federation/exact_sum.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cmath>

// Compiled for several instruction sets (FEDORBIT_CLONES), see layers.cmake.
namespace fedorbit {
namespace {

FEDORBIT_CLONES float largest_of(const float* values, std::int64_t count) {
  float largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < count; ++j) largest = std::max(largest, std::abs(values[j]));
  return largest;
}

FEDORBIT_CLONES void add_rounded(std::int64_t* __restrict sum, const float* __restrict values, std::int64_t count,
                                 double weight, double scale) {
  for (std::int64_t j = 0; j < count; ++j) sum[j] += std::int64_t(std::rint(double(values[j]) * weight * scale));
}

}  // namespace

float largest_magnitude(const float* values, std::int64_t count) { return largest_of(values, count); }

ExactSum::ExactSum(std::span<const Segment> segments, const Tensor& largest, std::int64_t count, std::int64_t length)
    : segments_(segments.begin(), segments.end()), integers_(at::zeros({length}, at::kLong)) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const double bound = double(count) * largest[std::int64_t(i)].item<double>();
    // bound < 2^exponent, so bound * 2^(62 - exponent) < 2^62. Zeros and denormals need no scale beyond 2^1000.
    int exponent = -938;
    if (bound > 0) exponent = std::max(std::ilogb(bound) + 1, exponent);
    scale_.push_back(std::ldexp(1.0, 62 - exponent));
  }
}

void ExactSum::add(std::size_t i, const float* values, double weight) {
  const auto [offset, length] = segments_[i];
  add_rounded(integers_.mutable_data_ptr<std::int64_t>() + offset, values, length, weight, scale_[i]);
}

Tensor ExactSum::value() const {
  Tensor value = integers_.to(at::kDouble);
  for (std::size_t i = 0; i < segments_.size(); ++i)
    value.narrow(0, segments_[i].offset, segments_[i].length).div_(scale_[i]);
  return value;
}

}  // namespace fedorbit
