#include "simulation/exact_sum.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/round.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace fedorbit {

Tensor largest_terms(const Tensor& weighted, std::span<const Segment> segments) {
  Tensor largest = at::zeros({std::int64_t(segments.size())}, at::kDouble);
  if (weighted.size(0) == 0) return largest;
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (segments[i].length > 0)
      largest[std::int64_t(i)] = weighted.narrow(1, segments[i].offset, segments[i].length).abs().max();
  return largest;
}

ExactSum::ExactSum(std::span<const Segment> segments, const Tensor& largest, std::int64_t count, std::int64_t length)
    : scale_(at::ones({length}, at::kDouble)), integers_(at::zeros({length}, at::kLong)) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const double bound = double(count) * largest[std::int64_t(i)].item<double>();
    // bound < 2^exponent, so bound * 2^(62 - exponent) < 2^62. Zeros and denormals need no scale beyond 2^1000.
    int exponent = -938;
    if (bound > 0) exponent = std::max(std::ilogb(bound) + 1, exponent);
    scale_.narrow(0, segments[i].offset, segments[i].length).fill_(std::ldexp(1.0, 62 - exponent));
  }
}

void ExactSum::add(const Tensor& weighted) { integers_ += at::round(weighted * scale_).to(at::kLong).sum(0); }

Tensor ExactSum::value() const { return integers_.to(at::kDouble) / scale_; }

}  // namespace fedorbit
