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
  EXPECT_EQ(progress.line(run.round(0)),
            "round  1/50  loss 1.5000  pool -  clients: global -  up+down 96.0 KiB  2.7 s");
  std::vector<Score> scores;
  Score of{.round = 1, .scope = scope::global, .split = split::test, .task = task::labelling};
  append(scores, of, {15, 30, 1});
  of.label = 2;
  append(scores, of, {0, 10, 1});
  of.label = any;
  for (const char* whose : {scope::global, scope::personal, scope::untrained})
    for (const std::int64_t client : {0, 1}) {
      of.scope = whose;
      of.client = client;
      const std::int64_t right = whose == std::string(scope::personal) ? 1 + 2 * client : client;
      append(scores, of, {right, 2 + 2 * client, 1});
    }
  progress.evaluated(scores);
  progress.round_committed(run.round(0));
  EXPECT_EQ(progress.line(run.round(1)),
            "round  2/50  loss 0.7500  pool 50.0 %  clients: global 12.5 %, personal 62.5 %  up+down 96.0 KiB  2.7 s  "
            "left 2 min 10 s");
}

}  // namespace
}  // namespace fedorbit
