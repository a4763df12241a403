// Votes of the nearest neighbours, counted by hand.
#include "evaluation/nearest_neighbours.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace fedorbit {
namespace {

/// An image at this angle, of this length.
Tensor at_angle(double degrees, double length) {
  const double angle = degrees * M_PI / 180;
  return length * at::tensor({std::cos(angle), std::sin(angle)}, at::kFloat);
}

TEST(NearestNeighbours, vote_with_the_exponential_of_their_cosine) {
  const Tensor features = at::stack({at_angle(0, 1), at_angle(10, 5), at_angle(40, 0.2), at_angle(180, 1)});
  const Tensor labels = at::tensor({0, 1, 1, 2}, at::kLong);
  const Tensor query = at_angle(0, 3).view({1, 1, 2});
  const auto vote = [](double degrees) { return std::exp((std::cos(degrees * M_PI / 180) - 1) / 0.1); };
  const auto votes_of = [&](const std::vector<std::int64_t>& train, std::int64_t k) {
    return NearestNeighbours(features, labels, train, 3, k, 0.1).logits(query)[0][0].exp();
  };
  const Tensor three = votes_of({0, 1, 2, 3}, 3);
  EXPECT_NEAR(three[0].item<float>(), vote(0), 1e-5);
  EXPECT_NEAR(three[1].item<float>(), vote(10) + vote(40), 1e-5);
  EXPECT_NEAR(three[2].item<float>(), 0, 1e-9);
  EXPECT_NEAR(votes_of({0, 1, 2, 3}, 2)[1].item<float>(), vote(10), 1e-5) << "only the two nearest vote";
  EXPECT_NEAR(votes_of({1, 3}, 9)[1].item<float>(), 1, 1e-5) << "image 0 does not train; all others vote";
}

}  // namespace
}  // namespace fedorbit
