// What a trial in a child process tells, and that it leaves this process as it was.
#include "comm/trial.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "core/clock.hpp"

namespace fedorbit {
namespace {

TEST(Trial, goes_well_where_its_work_says_so) {
  EXPECT_TRUE(goes_well([] { return true; }, 10));
  EXPECT_FALSE(goes_well([] { return false; }, 10));
  EXPECT_FALSE(goes_well([]() -> bool { throw std::runtime_error("no"); }, 10));
}

TEST(Trial, that_crashes_or_stands_still_costs_its_child_alone) {
  EXPECT_FALSE(goes_well([] { return std::raise(SIGKILL) == 0; }, 10));
  EXPECT_FALSE(goes_well(
      [] {
        std::abort();
        return true;
      },
      10));
  const Stopwatch watch;
  EXPECT_FALSE(goes_well([] { return ::pause() == 0; }, 1));
  EXPECT_GE(watch.seconds(), 0.5);
}

TEST(Trial, changes_nothing_here) {
  int changed = 0;
  EXPECT_TRUE(goes_well([&] { return (changed = 1) == 1; }, 10));
  EXPECT_EQ(changed, 0);
}

}  // namespace
}  // namespace fedorbit
