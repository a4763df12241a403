// What a rank spends is put down under the phase and the round that it was at.
#include "comm/ledger.hpp"

#include <gtest/gtest.h>

namespace fedorbit {
namespace {

std::int64_t calls(const Spent& spent) { return spent.traffic[Collective::all_reduce].calls; }
void move(Ledger& ledger) { ++ledger.traffic()[Collective::all_reduce].calls; }

TEST(Ledger, puts_a_move_down_under_the_innermost_phase) {
  Ledger ledger;
  move(ledger);
  {
    const InPhase round(ledger, Phase::harness, 3);
    move(ledger);
    {
      const InPhase sum(ledger, Phase::sum);
      move(ledger), move(ledger);
    }
    move(ledger);
  }
  move(ledger);
  const std::vector<Spent> spent = ledger.take();
  ASSERT_EQ(spent.size(), 3u);
  EXPECT_EQ(spent[0].phase, Phase::start);
  EXPECT_EQ(spent[0].round, Ledger::before_rounds);
  EXPECT_EQ(calls(spent[0]), 2);
  EXPECT_EQ(spent[1].phase, Phase::harness);
  EXPECT_EQ(spent[1].round, 3);
  EXPECT_EQ(calls(spent[1]), 2);
  EXPECT_EQ(spent[2].phase, Phase::sum);
  EXPECT_EQ(spent[2].round, 3);
  EXPECT_EQ(calls(spent[2]), 2);
}

TEST(Ledger, gives_every_second_to_one_phase) {
  const Stopwatch watch;
  Ledger ledger;
  double within = 0;
  {
    const InPhase training(ledger, Phase::training, 0);
    const Stopwatch busy;
    while (busy.seconds() < 0.02) continue;
    within = busy.seconds();
  }
  const std::vector<Spent> spent = ledger.take();
  const double all = watch.seconds();
  ASSERT_EQ(spent.size(), 2u);
  EXPECT_GE(spent[1].seconds, within);
  EXPECT_LE(spent[0].seconds + spent[1].seconds, all);
}

TEST(Ledger, begins_anew_in_the_phase_in_hand_when_it_is_taken) {
  Ledger ledger;
  const InPhase round(ledger, Phase::checkpoint, 5);
  move(ledger);
  ledger.take();
  move(ledger);
  const std::vector<Spent> spent = ledger.take();
  ASSERT_EQ(spent.size(), 1u);
  EXPECT_EQ(spent[0].phase, Phase::checkpoint);
  EXPECT_EQ(spent[0].round, 5);
  EXPECT_EQ(calls(spent[0]), 1);
}

TEST(Ledger, puts_an_attempt_that_did_not_count_down_as_a_replay) {
  Ledger ledger;
  const auto attempt = [&] {
    const InPhase message(ledger, Phase::small_message, 2);
    move(ledger);
  };
  attempt();
  ledger.replay(2);
  attempt(), attempt();
  std::int64_t replayed = 0, counted = 0;
  for (const Spent& spent : ledger.take()) {
    if (spent.phase == Phase::replay) replayed += calls(spent);
    if (spent.phase == Phase::small_message) counted += calls(spent);
  }
  EXPECT_EQ(replayed, 1);
  EXPECT_EQ(counted, 2);
}

}  // namespace
}  // namespace fedorbit
