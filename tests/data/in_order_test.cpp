#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "core/error.hpp"
#include "data/dataset_in_order.hpp"

namespace fedorbit {
namespace {

TEST(InOrder, ResultsAreTakenInOrderHoweverLongEachTakes) {
  for (int threads : {1, 2, 5}) {
    std::vector<std::int64_t> taken;
    in_order(
        60, threads,
        [](std::int64_t i) {
          std::this_thread::sleep_for(std::chrono::microseconds(i % 3 == 0 ? 900 : 10));
          return i * i;
        },
        [&](std::int64_t i, std::int64_t square) {
          EXPECT_EQ(square, i * i);
          taken.push_back(i);
        });
    ASSERT_EQ(taken.size(), 60u);
    EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end()));
  }
}

TEST(InOrder, ThreadsDoNotRunFarAhead) {
  std::atomic<std::int64_t> made = 0;
  in_order(
      200, 2, [&](std::int64_t) { return ++made; },
      [&](std::int64_t i, std::int64_t) { EXPECT_LE(made.load(), i + 1 + 8 + 2); });
}

TEST(InOrder, WhatAThreadOrTheTakerThrowsArrives) {
  std::vector<std::int64_t> taken;
  EXPECT_THROW(in_order(
                   50, 3, [](std::int64_t i) { return i == 20 ? throw Error("made") : i; },
                   [&](std::int64_t i, std::int64_t) { taken.push_back(i); }),
               Error);
  EXPECT_EQ(taken.size(), 20u);
  EXPECT_THROW(in_order(
                   50, 3, [](std::int64_t i) { return i; }, [](std::int64_t, std::int64_t) { throw Error("taken"); }),
               Error);
  in_order(
      0, 3, [](std::int64_t i) { return i; }, [](std::int64_t, std::int64_t) { FAIL(); });
}

}  // namespace
}  // namespace fedorbit
