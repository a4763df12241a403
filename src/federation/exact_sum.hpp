// Sums of real vectors that do not depend on the order of the terms, nor on how ranks share them: fixed-point
// integers, scaled per tensor from the largest term of the round.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

/// A piece [offset, offset + length) of the vector that is scaled on its own.
struct Segment {
  std::int64_t offset, length;
};

/// The largest |value| of `count` numbers.
float largest_magnitude(const float* values, std::int64_t count);

/// Adds q = round(weight * value * 2^s) for `count` terms, each at most `largest`: s is the greatest exponent with
/// count * largest * 2^s < 2^62, so no sum can overflow 63 bits, and the error of the sum is at most
/// count * 2^-s / 2, i.e. at most count^2 * 2^-62 of the largest term.
class ExactSum {
 public:
  /// `largest` (segments) float64 over all ranks, `count` terms over all ranks.
  ExactSum(std::span<const Segment> segments, const Tensor& largest, std::int64_t count, std::int64_t length);
  /// One more term of segment i: `values` (its length) times the weight.
  void add(std::size_t i, const float* values, double weight);
  /// (P) int64: what ranks sum.
  Tensor& integers() { return integers_; }
  /// (P) float64: the sum as a real number.
  Tensor value() const;

 private:
  std::vector<Segment> segments_;
  std::vector<double> scale_;  // of each segment, powers of two
  Tensor integers_;            // (P) int64
};

}  // namespace fedorbit
