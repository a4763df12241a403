// The line a round prints.
#include "results/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/synthetic_run.hpp"

namespace fedorbit {
namespace {

TEST(Progress, a_score_stands_in_the_line_of_the_round_that_was_evaluated_and_in_no_other) {
  const SyntheticRun run;
  Progress progress(50);
  EXPECT_EQ(progress.line(run.round(0)), "round  1/50  loss 1.5000  up+down 96.0 KiB  2.7 s");
  std::vector<Score> scores;
  Score of{.round = 2, .scope = scope::global, .split = split::test, .task = task::labelling};
  append(scores, of, {15, 30, 1});
  of.label = 2;
  append(scores, of, {0, 10, 1});
  of.label = any;
  of.scope = scope::personal;
  for (const std::int64_t client : {0, 1}) {
    of.client = client;
    append(scores, of, {1 + 2 * client, 2 + 2 * client, 1});
  }
  progress.evaluated(scores);
  progress.round_committed(run.round(1));
  EXPECT_EQ(
      progress.line(run.round(1)),
      "round  2/50  loss 0.7500  global pool 50.0 %  personal mean 62.5 %  up+down 96.0 KiB  2.7 s  left 2 min 10 "
      "s");
  EXPECT_THAT(progress.line(run.round(2)), testing::Not(testing::HasSubstr("%")));
}

TEST(Progress, what_was_not_trained_has_a_line_before_the_rounds) {
  Progress progress(1);
  testing::internal::CaptureStderr();
  std::vector<Score> scores;
  append(scores, {.scope = scope::frozen, .split = split::test, .task = task::zero_shot}, {1, 4, 1});
  append(scores, {.scope = scope::frozen, .split = split::test, .task = task::probe}, {3, 4, 1});
  progress.evaluated(scores);
  progress.finished({});
  EXPECT_EQ(
      testing::internal::GetCapturedStderr(),
      "before training  zero-shot 25.0 %  probe 75.0 %\nfinished after 1 round  zero-shot 25.0 %  probe 75.0 %\n");
}

}  // namespace
}  // namespace fedorbit
