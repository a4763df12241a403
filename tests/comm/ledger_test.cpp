// What a rank spends is put down under the phase and the round that it was at.
#include "comm/ledger.hpp"

#include <gtest/gtest.h>

#include <map>

namespace fedorbit {
namespace {

std::int64_t calls(const Spent& spent) { return spent.traffic[Collective::all_reduce].calls; }
/// What was entered.
std::vector<Spent> taken(Ledger& ledger) {
  std::vector<Spent> spent = ledger.take();
  std::erase_if(spent, [](const Spent& one) { return one.seconds == 0; });
  return spent;
}
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
  const std::vector<Spent> spent = taken(ledger);
  ASSERT_EQ(spent.size(), 3u);
  EXPECT_EQ(spent[0].phase, Phase::start);
  EXPECT_EQ(spent[0].round, Ledger::before_rounds);
  EXPECT_EQ(calls(spent[0]), 2);
  EXPECT_EQ(spent[1].phase, Phase::sum);
  EXPECT_EQ(spent[1].round, 3);
  EXPECT_EQ(calls(spent[1]), 2);
  EXPECT_EQ(spent[2].phase, Phase::harness);
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
  const std::vector<Spent> spent = taken(ledger);
  const double all = watch.seconds();
  ASSERT_EQ(spent.size(), 2u);
  EXPECT_GE(spent[1].seconds, within);
  EXPECT_LE(spent[0].seconds + spent[1].seconds, all);
}

TEST(Ledger, lists_the_same_phases_on_a_rank_that_had_nothing_to_do) {
  Ledger busy, idle;
  for (Ledger* ledger : {&busy, &idle}) {
    const InPhase round(*ledger, Phase::harness, 0);
    if (ledger == &busy) InPhase(*ledger, Phase::evaluation);
  }
  const std::vector<Spent> one = busy.take(), other = idle.take();
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].round, other[i].round);
    EXPECT_EQ(one[i].phase, other[i].phase);
  }
}

TEST(Ledger, begins_anew_in_the_phase_in_hand_when_it_is_taken) {
  Ledger ledger;
  const InPhase round(ledger, Phase::checkpoint, 5);
  move(ledger);
  ledger.take();
  move(ledger);
  const std::vector<Spent> spent = taken(ledger);
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
  {
    const InPhase exam(ledger, Phase::evaluation, 2);
    move(ledger);
  }
  ledger.replay(2);
  attempt(), attempt();
  std::map<Phase, std::int64_t> found;
  for (const Spent& spent : ledger.take()) found[spent.phase] += calls(spent);
  EXPECT_EQ(found[Phase::replay], 2);
  EXPECT_EQ(found[Phase::evaluation], 0);
  EXPECT_EQ(found[Phase::small_message], 2);
}

}  // namespace
}  // namespace fedorbit
