// What is noticed of the machine's clock.
#include "results/machine_events.hpp"

#include <gtest/gtest.h>

namespace fedorbit {
namespace {

TEST(ClockJumps, AreWhereTheTimeOfDayMovesWithoutTheSteadyClock) {
  ClockJumps clock;
  EXPECT_FALSE(clock.look(1000, 5)) << "the first look has nothing to compare with";
  EXPECT_FALSE(clock.look(1060, 65.5)) << "half a second is a gentle correction";
  EXPECT_EQ(clock.look(1070 - 3600, 75.5), std::optional(-3600.0));
  EXPECT_FALSE(clock.look(1080 - 3600, 85.5)) << "it is told once";
  EXPECT_EQ(clock.look(1090, 95.5), std::optional(3600.0));
}

}  // namespace
}  // namespace fedorbit
