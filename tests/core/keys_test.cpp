#include "core/keys.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

namespace fedorbit {
namespace {

TEST(Keys, TheSameKeyGivesTheSameNumbersAndAnotherKeyOthers) {
  const Keys keys(7);
  Stream a = keys.stream(Purpose::shuffle, 3, 5), b = keys.stream(Purpose::shuffle, 3, 5);
  Stream c = keys.stream(Purpose::shuffle, 5, 3), d = keys.stream(Purpose::split, 3, 5);
  for (int i = 0; i < 100; ++i) {
    const auto x = a.bits();
    EXPECT_EQ(x, b.bits());
    EXPECT_NE(x, c.bits());
    EXPECT_NE(x, d.bits());
  }
}

TEST(Keys, PhiloxGivesThePublishedNumbers) {
  // Known-answer vector of Random123 (Salmon et al. 2011): counter 0, key 0.
  Stream zero(0, 0);
  EXPECT_EQ(zero.bits(), 0x6627e8d5u);
  EXPECT_EQ(zero.bits(), 0xe169c58du);
  EXPECT_EQ(zero.bits(), 0xbc57ac4cu);
  EXPECT_EQ(zero.bits(), 0x9b00dbd8u);
}

TEST(Keys, DrawsHaveTheMomentsTheyPromise) {
  Stream s = Keys(1).stream(Purpose::test);
  const int n = 200000;
  double sum = 0, squares = 0, gammas = 0;
  for (int i = 0; i < n; ++i) {
    const double x = s.normal();
    sum += x, squares += x * x;
    gammas += s.gamma(0.5);
  }
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(squares / n, 1, 0.02);
  EXPECT_NEAR(gammas / n, 0.5, 0.02);
}

TEST(Keys, BelowIsUniformAndShufflePermutes) {
  Stream s = Keys(2).stream(Purpose::test);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[s.below(7)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  s.shuffle(std::span(items));
  EXPECT_EQ(std::set<int>(items.begin(), items.end()).size(), 100u);
  EXPECT_FALSE(std::is_sorted(items.begin(), items.end()));
}

TEST(Keys, DirichletSharesSumToOneEvenWhereTheyUnderflow) {
  Stream s = Keys(3).stream(Purpose::test);
  for (double alpha : {1e-4, 0.1, 1.0, 100.0}) {
    const auto shares = s.dirichlet(alpha, 21);
    EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1, 1e-12);
  }
}

}  // namespace
}  // namespace fedorbit
