// Sums that do not depend on the order of their terms.
#include "federation/exact_sum.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/keys.hpp"

namespace fedorbit {
namespace {

/// (K, P) numbers of very different magnitudes.
Tensor terms(std::int64_t count, std::int64_t length, std::uint64_t seed) {
  Tensor values = at::empty({count, length});
  Stream stream = Keys(seed).stream(Purpose::test);
  for (std::int64_t i = 0; i < values.numel(); ++i)
    values.mutable_data_ptr<float>()[i] = float(stream.normal() * std::pow(10.0, stream.uniform(-6, 3)));
  return values;
}

const std::vector<Segment> two{{0, 5}, {5, 7}};

/// (segments) float64: the largest weight * |value| of each segment.
Tensor largest_terms(const Tensor& values, std::span<const Segment> segments, double weight) {
  Tensor largest = at::zeros({std::int64_t(segments.size())}, at::kDouble);
  for (std::int64_t k = 0; k < values.size(0); ++k)
    for (std::size_t i = 0; i < segments.size(); ++i) {
      double& of = largest.mutable_data_ptr<double>()[i];
      of = std::max(of, weight * double(largest_magnitude(values[k].const_data_ptr<float>() + segments[i].offset,
                                                          segments[i].length)));
    }
  return largest;
}

/// Added in pieces of `piece` rows to `parts` sums, whose integers are then added.
Tensor summed(const Tensor& values, std::span<const Segment> segments, std::int64_t piece, std::size_t parts,
              double weight = 1) {
  const Tensor largest = largest_terms(values, segments, weight);
  std::vector<ExactSum> sums;
  for (std::size_t part = 0; part < parts; ++part) sums.emplace_back(segments, largest, values.size(0), values.size(1));
  for (std::int64_t k = 0; k < values.size(0); ++k)
    for (std::size_t i = 0; i < segments.size(); ++i)
      sums[std::size_t(k / piece) % parts].add(i, values[k].const_data_ptr<float>() + segments[i].offset, weight);
  for (std::size_t part = 1; part < parts; ++part) sums[0].integers() += sums[part].integers();
  return sums[0].value();
}

TEST(ExactSum, is_the_same_to_the_bit_in_any_order_and_division) {
  const Tensor values = terms(23, 12, 1);
  const Tensor once = summed(values, two, 23, 1);
  for (const std::int64_t piece : {1, 2, 5, 8})
    for (const std::size_t parts : {1, 2, 3, 7}) EXPECT_TRUE(at::equal(summed(values, two, piece, parts), once));
  EXPECT_TRUE(at::equal(summed(values.flip(0), two, 4, 3), once));
  EXPECT_FALSE(at::equal(values.flip(0).sum(0), values.sum(0))) << "a plain sum of these terms does depend on it";
}

TEST(ExactSum, is_as_near_to_the_true_sum_as_its_header_says) {
  const Tensor values = terms(23, 12, 2);
  const Tensor sum = summed(values, two, 8, 1), largest = largest_terms(values, two, 1);
  for (std::int64_t i = 0; i < 12; ++i) {
    long double expected = 0;
    for (std::int64_t k = 0; k < 23; ++k) expected += values[k][i].item<float>();
    const double bound = 23.0 * 23.0 * std::ldexp(largest[i < 5 ? 0 : 1].item<double>(), -62);
    EXPECT_NEAR(double(sum[i].item<double>() - expected), 0, bound + std::ldexp(std::abs(double(expected)), -52));
  }
}

TEST(ExactSum, scales_each_tensor_by_its_own_largest_term) {
  const Tensor values = at::tensor({1e30f, -1e30f, 3e-30f, 5e-30f}).view({2, 2}).t().contiguous();
  const std::vector<Segment> own{{0, 1}, {1, 1}}, together{{0, 2}};
  const Tensor apart = summed(values, own, 2, 1);
  EXPECT_EQ(apart[0].item<double>(), 0);
  EXPECT_NEAR(apart[1].item<double>() / (double(3e-30f) + double(5e-30f)), 1, 1e-15);
  EXPECT_EQ(summed(values, together, 2, 1)[1].item<double>(), 0) << "small terms vanish beside large ones";
}

TEST(ExactSum, does_not_overflow_where_all_terms_are_the_largest) {
  const std::vector<Segment> whole{{0, 1}};
  for (const float value : {1.0f, -1.0f, 0.1f, 3.4e38f, -1.4e-45f, 1e-41f})
    for (const double weight : {1.0, 7e9, 1e200})
      for (const std::int64_t count : {1, 2, 3, 64, 1000}) {
        const Tensor sum = summed(at::full({count, 1}, value), whole, 100, 3, weight);
        EXPECT_NEAR(sum.item<double>() / (double(value) * weight * double(count)), 1, 1e-15)
            << weight << " times " << value << ", " << count << " times";
      }
}

TEST(ExactSum, of_zeros_is_zero) {
  const std::vector<Segment> segments{{0, 2}, {2, 0}, {2, 1}};
  EXPECT_TRUE(at::equal(summed(at::zeros({4, 3}), segments, 2, 2), at::zeros({3}, at::kDouble)));
}

TEST(LargestMagnitude, is_that_of_any_number_of_values) {
  std::vector<float> values;
  EXPECT_EQ(largest_magnitude(values.data(), 0), 0);
  for (int i = 1; i <= 40; ++i) {
    values.push_back(i % 2 == 0 ? float(i) : -float(i));
    EXPECT_EQ(largest_magnitude(values.data(), i), float(i));
  }
}

}  // namespace
}  // namespace fedorbit
