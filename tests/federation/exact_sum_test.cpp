// Sums that do not depend on the order of their terms.
#include "federation/exact_sum.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/magnitudes.hpp"
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

/// The exponents that the segments of all rows need.
std::vector<int> exponents_of(const Tensor& values, std::span<const Segment> segments) {
  std::vector<int> exponents;
  for (const auto& [offset, length] : segments) {
    float largest = 0;
    for (std::int64_t k = 0; k < values.size(0); ++k)
      largest = std::max(largest, largest_magnitude(values[k].const_data_ptr<float>() + offset, length));
    exponents.push_back(exponent_above(largest));
  }
  return exponents;
}

/// Added in pieces of `piece` rows to `parts` sums, whose integers are then added; over `divisor`.
Tensor summed(const Tensor& values, const std::vector<Segment>& segments, std::int64_t piece, std::size_t parts,
              std::int64_t weight = 1, std::int64_t divisor = 1) {
  const std::vector<int> exponents = exponents_of(values, segments);
  const std::vector<std::int64_t> weights(segments.size(), values.size(0) * weight);
  std::vector<ExactSum> sums;
  for (std::size_t part = 0; part < parts; ++part) sums.emplace_back(segments).begin(exponents, weights);
  for (std::int64_t k = 0; k < values.size(0); ++k)
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const float* row = values[k].const_data_ptr<float>() + segments[i].offset;
      EXPECT_LT(sums[std::size_t(k / piece) % parts].add(i, row, weight), std::ldexp(1.0, exponents[i]));
    }
  for (std::size_t part = 1; part < parts; ++part) sums[0].integers() += sums[part].integers();
  Tensor sum = at::zeros({values.size(1)}, at::kFloat);
  for (std::size_t i = 0; i < segments.size(); ++i)
    sums[0].quotient(i, divisor, sum.mutable_data_ptr<float>() + segments[i].offset);
  return sum;
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
  const Tensor sum = summed(values, two, 8, 1);
  const std::vector<int> exponents = exponents_of(values, two);
  for (std::int64_t i = 0; i < 12; ++i) {
    long double expected = 0;
    for (std::int64_t k = 0; k < 23; ++k) expected += values[k][i].item<float>();
    // What the terms weigh is known up to a power of two: 32.
    const double bound = 23 * std::ldexp(32.0, exponents[i < 5 ? 0 : 1] - 63);
    EXPECT_NEAR(double(sum[i].item<float>() - expected), 0, bound + std::ldexp(std::abs(double(expected)), -24));
  }
}

TEST(ExactSum, is_divided_by_what_the_terms_weigh) {
  const Tensor values = terms(7, 12, 3), mean = values.to(at::kDouble).mean(0);
  EXPECT_TRUE(at::allclose(summed(values, two, 7, 1, 30, 7 * 30).to(at::kDouble), mean, 1e-6, 0));
}

TEST(ExactSum, scales_each_tensor_by_its_own_bound) {
  const Tensor values = at::tensor({1e30f, -1e30f, 3e-30f, 5e-30f}).view({2, 2}).t().contiguous();
  const std::vector<Segment> own{{0, 1}, {1, 1}}, together{{0, 2}};
  const Tensor apart = summed(values, own, 2, 1);
  EXPECT_EQ(apart[0].item<float>(), 0);
  EXPECT_NEAR(apart[1].item<float>() / (double(3e-30f) + double(5e-30f)), 1, 1e-7);
  EXPECT_EQ(summed(values, together, 2, 1)[1].item<float>(), 0) << "small terms vanish beside large ones";
}

TEST(ExactSum, does_not_overflow_where_all_terms_are_the_largest) {
  const std::vector<Segment> whole{{0, 1}};
  for (const float value : {1.0f, -1.0f, 0.1f, 3.4e38f, std::nextafter(2.0f, 1.0f), -1.4e-45f, 1e-41f})
    for (const std::int64_t weight : {std::int64_t{1}, std::int64_t{7'000'000'000}})
      for (const std::int64_t count : {1, 2, 3, 64, 1000}) {
        const float mean = summed(at::full({count, 1}, value), whole, 100, 3, weight, weight * count).item<float>();
        EXPECT_NEAR(mean / double(value), 1, 1e-7) << weight << " times " << value << ", " << count << " times";
      }
}

TEST(ExactSum, finds_a_value_beyond_its_bound_before_it_is_converted) {
  const std::vector<Segment> whole{{0, 5000}};
  const std::vector<int> exponents{3};
  const std::vector<std::int64_t> weights{2};
  Tensor values = at::full({5000}, 0.5f);
  ExactSum sum(whole);
  for (const std::int64_t place : {0, 1023, 1024, 4999})
    for (const float large : {8.0f, -1e38f, INFINITY}) {
      sum.begin(exponents, weights);
      values[place] = large;
      EXPECT_EQ(sum.add(0, values.const_data_ptr<float>(), 1), std::abs(large));
      EXPECT_EQ(sum.integers()[place].item<std::int64_t>(), 0) << "it was not added";
      values[place] = 0.5f;
    }
  sum.begin(exponents, weights);
  EXPECT_LT(sum.add(0, values.const_data_ptr<float>(), 2), 8);
  Tensor mean = at::empty({5000});
  sum.quotient(0, 2, mean.mutable_data_ptr<float>());
  EXPECT_TRUE(at::equal(mean, values)) << "it begins at zero again";
}

TEST(ExactSum, of_zeros_is_zero) {
  const std::vector<Segment> segments{{0, 2}, {2, 0}, {2, 1}};
  EXPECT_TRUE(at::equal(summed(at::zeros({4, 3}), segments, 2, 2), at::zeros({3})));
}

TEST(ExponentAbove, is_that_of_the_least_power_of_two_above_a_magnitude) {
  EXPECT_EQ(exponent_above(1), 1);
  EXPECT_EQ(exponent_above(std::nextafter(1.0, 0)), 0);
  EXPECT_EQ(exponent_above(255.9), 8);
  EXPECT_EQ(exponent_above(256), 9);
  EXPECT_EQ(exponent_above(3.4028235e38), 128);
  EXPECT_EQ(exponent_above(INFINITY), 128);
  EXPECT_LT(exponent_above(0), exponent_above(1.4e-45f));
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
