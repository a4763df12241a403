// Sums of real vectors that do not depend on the order of the terms, nor on how ranks share them: fixed-point
// integers, scaled per tensor by what is known before the first term comes.
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

/// The exponent e of the least power of two above a magnitude: magnitude < 2^e.
int exponent_above(double magnitude);

/// Adds q = round(weight * value * 2^s): s is the greatest exponent with weights * 2^e * 2^s <= 2^62, where all values
/// of a segment are below 2^e and all weights sum to at most `weights`. So no sum can overflow 63 bits, and the error
/// of a sum of n terms is at most n * 2^-s / 2, i.e. at most n * 2^-62 of weights * 2^e.
class ExactSum {
 public:
  /// Takes no term before begin().
  explicit ExactSum(std::vector<Segment> segments);
  /// From zero again: segment i takes values below 2^exponents[i] whose weights sum to at most weights[i].
  void begin(std::span<const int> exponents, std::span<const std::int64_t> weights);
  /// One more term of segment i: `values` (its length) times the weight. The largest |value|: where it is not below
  /// 2^exponents[i], it was found before it was converted, and the sum is spoilt: begin() again.
  float add(std::size_t i, const float* values, std::int64_t weight);
  /// (P) int64: what ranks sum.
  Tensor& integers() { return integers_; }
  /// The sum of segment i over a divisor into `out` (its length).
  void quotient(std::size_t i, std::int64_t divisor, float* out) const;
  /// Its memory is free until the next begin().
  void end() { integers_ = Tensor(); }

 private:
  std::vector<Segment> segments_;
  std::vector<double> scale_;  // of each segment, powers of two
  std::vector<float> limit_;   // of each segment: 2^exponent, or infinity where every float is below it
  std::int64_t length_ = 0;
  Tensor integers_;  // (P) int64, between begin() and end()
};

}  // namespace fedorbit
