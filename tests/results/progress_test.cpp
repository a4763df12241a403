// The line a round prints.
#include "results/progress.hpp"

#include <gtest/gtest.h>

#include "results/synthetic_run.hpp"

namespace fedorbit {
namespace {

TEST(Progress, QuantitiesAreWrittenForPeople) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(655'360), "640.0 KiB");
  EXPECT_EQ(human_bytes(INT64_MAX), "8192.0 PiB");
  EXPECT_EQ(human_seconds(0.04), "0.0 s");
  EXPECT_EQ(human_seconds(59.97), "1 min 0 s");
  EXPECT_EQ(human_seconds(75), "1 min 15 s");
  EXPECT_EQ(human_seconds(7260), "2 h 1 min");
}

TEST(Progress, ALineSaysWhatIsKnown) {
  const SyntheticRun run;
  Progress progress(50);
  EXPECT_EQ(progress.line(run.round(0)), "round  1/50  loss 1.5000  global -  personal -  up+down 96.0 KiB  2.7 s");
  progress.evaluated({{1, "global", -1, 15, 30, 1, {}, {}},
                      {1, "personal", 0, 1, 2, 1, {}, {}},
                      {1, "personal", 1, 3, 4, 1, {}, {}},
                      {1, "personal", 2, 0, 0, 1, {}, {}}});
  progress.round_committed(run.round(0));
  EXPECT_EQ(progress.line(run.round(1)),
            "round  2/50  loss 0.7500  global 50.0 %  personal 62.5 %  up+down 96.0 KiB  2.7 s  left 2 min 10 s");
}

}  // namespace
}  // namespace fedorbit
