// Federations whose rounds are not of whole cohorts: the same numbers on any number of ranks, and after a resume.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "algorithms/strategies/scaffold.hpp"
#include "federation/simulations.hpp"
#include "federation/staleness.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct ScheduledSimulations : Simulations {
  static void of_a_buffer(Federation& federation) {
    federation.experiment.schedule.kind = "buffer";
    federation.experiment.schedule.buffer = 3;
    federation.experiment.schedule.concurrency = 7;
    federation.experiment.schedule.dropout = 0.1;
    federation.experiment.links.step_seconds = 0.1;
    federation.experiment.links.speed_spread = 1;
    federation.experiment.training.rounds = 12;
  }
};

TEST_F(ScheduledSimulations, of_a_buffer_give_the_same_numbers_on_any_number_of_ranks) {
  for (const char* stale : {"update", "model"})
    expect_independent_of_ranks([&](Federation& federation) {
      of_a_buffer(federation);
      federation.experiment.schedule.stale = stale;
    });
}

TEST_F(ScheduledSimulations, with_deadlines_give_the_same_numbers_on_any_number_of_ranks) {
  expect_independent_of_ranks([&](Federation& federation) {
    federation.experiment.schedule.deadline = 3;
    federation.experiment.schedule.invited = 1.5;
    federation.experiment.schedule.dropout = 0.2;
    federation.experiment.links.step_seconds = 0.1;
    federation.experiment.links.speed_spread = 1;
  });
}

TEST_F(ScheduledSimulations, go_on_with_the_models_that_clients_were_training_from) {
  for (const std::int64_t done : {1, 5, 9}) {
    Federation whole, first, second;
    of_a_buffer(whole), of_a_buffer(first), of_a_buffer(second);
    whole.run(alone);
    first.experiment.checkpoint.every = done;
    first.run(alone);
    EXPECT_FALSE(first.saved.front().versions.empty());
    Simulation simulation = second.simulation(alone);
    simulation.restore(first.saved.front());
    second.finish(simulation);
    EXPECT_TRUE(at::equal(second.global, whole.global)) << "after " << done << " rounds";
  }
}

TEST_F(ScheduledSimulations, with_one_client_at_a_time_have_no_stale_update) {
  Federation federation;
  of_a_buffer(federation);
  federation.experiment.schedule.buffer = federation.experiment.schedule.concurrency = 1;
  federation.experiment.schedule.dropout = 0;
  federation.run(*communicator);
  if (!communicator->root()) return;
  for (const VirtualTurn& turn : federation.witness.virtual_turns) EXPECT_EQ(turn.version, turn.round);
}

TEST_F(ScheduledSimulations, say_what_became_of_all_that_were_sent_the_model) {
  Federation federation;
  federation.experiment.schedule.dropout = 0.4;
  federation.experiment.training.rounds = 20;
  federation.run(*communicator);
  if (!communicator->root()) return;
  std::int64_t counted = 0, dropped = 0, lost = 0, turns = 0;
  for (const VirtualTurn& turn : federation.witness.virtual_turns) {
    (turn.outcome == "counted" ? counted : dropped) += 1;
    if (turn.outcome != "counted") lost += turn.download_bytes;
    EXPECT_TRUE(std::isnan(turn.start)) << "nothing goes by seconds";
  }
  EXPECT_GT(dropped, 20);
  std::int64_t lost_bytes = 0;
  for (const RoundRecord& round : federation.witness.rounds)
    turns += std::ssize(round.turns), lost_bytes += round.lost_download_bytes;
  EXPECT_EQ(turns, counted);
  EXPECT_EQ(lost_bytes, lost);
  EXPECT_EQ(lost, dropped * federation.witness.rounds[0].turns[0].download.total());
}

TEST_F(ScheduledSimulations, bill_those_their_download_who_still_train_at_the_end) {
  for (const char* kind : {"buffer", "window"}) {
    Federation federation;
    of_a_buffer(federation);
    federation.experiment.schedule.kind = kind;
    federation.experiment.schedule.window = 1;
    federation.run(*communicator);
    if (!communicator->root()) continue;
    std::int64_t unfinished = 0, lost = 0, billed = 0;
    for (const VirtualTurn& turn : federation.witness.virtual_turns) {
      if (turn.outcome != "counted") lost += turn.download_bytes;
      if (turn.outcome != "unfinished") continue;
      ++unfinished;
      EXPECT_EQ(turn.round, 11);
      EXPECT_EQ(turn.download_bytes, federation.witness.rounds[0].turns[0].download.total());
      EXPECT_GE(turn.start + turn.trip.seconds(),
                federation.witness.virtual_rounds.back().start + federation.witness.virtual_rounds.back().seconds);
    }
    EXPECT_EQ(unfinished, kind == std::string("buffer") ? 6 : 4) << "the others of 7, or of all 11, have reported";
    for (const RoundRecord& round : federation.witness.rounds) billed += round.lost_download_bytes;
    EXPECT_EQ(billed, lost);
  }
}

TEST_F(ScheduledSimulations, weigh_reports_by_how_old_their_model_is) {
  std::vector<Tensor> ends;
  for (const double exponent : {0.0, 1.0}) {
    Federation federation;
    of_a_buffer(federation);
    federation.experiment.schedule.staleness_exponent = exponent;
    federation.run(*communicator);
    ends.push_back(federation.global);
  }
  EXPECT_FALSE(at::equal(ends[0], ends[1]));
}

TEST(Staleness, takes_less_of_an_update_the_older_its_model_was) {
  TurnOutcome turn;
  turn.upload.update = at::tensor({3.0F, -6.0F}).unsqueeze(0);
  const Server begun{at::tensor({1.0F, 1.0F}), {}, 0};
  const auto now = [](std::int64_t round) { return Server{at::tensor({2.0F, 0.0F}), {}, round}; };
  ScheduleOptions options;
  options.staleness_exponent = 1;
  age(turn, begun, now(0), options);
  EXPECT_TRUE(at::equal(turn.upload.update, at::tensor({3.0F, -6.0F}).unsqueeze(0))) << "a new one is taken as it is";
  age(turn, begun, now(2), options);
  EXPECT_TRUE(at::equal(turn.upload.update, at::tensor({1.0F, -2.0F}).unsqueeze(0))) << "a third";
  options.stale = "model";
  age(turn, begun, now(1), options);
  EXPECT_TRUE(at::equal(turn.upload.update, at::tensor({0.0F, -0.5F}).unsqueeze(0))) << "half of the way from now";
}

TEST(Staleness, leaves_running_statistics_between_the_servers_and_a_clients_own) {
  const Server now{at::zeros({1}), {}, 3, at::tensor({0.1F})};
  const Server begun{at::zeros({1}), {}, 0, at::tensor({5.0F})};
  for (const char* stale : {"update", "model"}) {
    TurnOutcome turn;
    turn.upload.update = at::zeros({1, 1});
    turn.statistics = at::tensor({-4.8F}).unsqueeze(0);  // a variance of 0.2, from one of 5
    ScheduleOptions options;
    options.stale = stale, options.staleness_exponent = 0.5;
    age(turn, begun, now, options);
    EXPECT_NEAR((now.statistics + turn.statistics[0]).item<float>(), 0.1 + 0.1 / 2, 1e-6) << stale;
  }
}

TEST_F(ScheduledSimulations, whose_steps_fall_on_one_moment_have_a_row_for_each) {
  Federation federation;
  of_a_buffer(federation);
  federation.experiment.links.profile = "datacentre";  // all reports of a wave come together
  federation.experiment.links.latency = 0, federation.experiment.links.speed_spread = 0;
  federation.experiment.schedule.dropout = 0;
  federation.run(*communicator);
  if (!communicator->root()) return;
  const auto& rounds = federation.witness.virtual_rounds;
  ASSERT_EQ(std::ssize(rounds), federation.experiment.training.rounds);
  for (std::size_t i = 0; i < rounds.size(); ++i) EXPECT_EQ(rounds[i].round, std::int64_t(i));
  for (const VirtualTurn& turn : federation.witness.virtual_turns) EXPECT_FALSE(std::isnan(turn.start));
}

TEST_F(ScheduledSimulations, of_a_strategy_for_whole_cohorts_are_refused) {
  Federation federation;
  of_a_buffer(federation);
  federation.strategy = std::make_shared<Scaffold>(ScaffoldOptions());
  EXPECT_THAT(sentence([&] { federation.run(*communicator); }), HasSubstr("is defined for whole cohorts"));
}

}  // namespace
}  // namespace fedorbit
