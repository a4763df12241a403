// The round loop on a toy federation: the same numbers on any number of ranks, rounds that count whole or not at all.
#include "federation/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/error.hpp"
#include "federation/simulations.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

TEST_F(Simulations, give_the_same_numbers_on_any_number_of_ranks) {
  expect_independent_of_ranks([](Federation& federation) {
    federation.experiment.training.rounds = 8;
    federation.experiment.checkpoint.every = 3;
  });
}

TEST_F(Simulations, with_fewer_clients_than_ranks_give_the_same_numbers) {
  for (const std::int64_t clients : {1, 2})
    expect_independent_of_ranks([&](Federation& federation) { federation.experiment.partition.clients = clients; });
}

TEST_F(Simulations, whose_groups_are_parted_among_ranks_give_the_same_numbers) {
  for (const std::int64_t clients : {4, 9})
    expect_independent_of_ranks([&](Federation& federation) {
      federation.experiment.partition.clients = clients;
      federation.experiment.training.participation = 1;
      federation.experiment.training.group_size = 5;
      federation.experiment.training.batch_size = 32;  // the last of an epoch is filled up, but for one client alone
    });
}

TEST_F(Simulations, that_evaluate_some_of_their_clients_give_the_same_numbers) {
  expect_independent_of_ranks([](Federation& federation) { federation.experiment.evaluation.clients = 3; });
}

TEST_F(Simulations, of_many_sampled_clients_give_the_same_numbers) {
  expect_independent_of_ranks([](Federation& federation) {
    federation.experiment.partition.kind = "sampled";
    federation.experiment.partition.clients = 100'000;
    federation.experiment.partition.samples_per_client = 10;
    federation.experiment.training.participation = 1e-4;
    federation.experiment.evaluation.clients = 20;
  });
}

TEST_F(Simulations, of_one_client_move_the_global_model_to_that_clients) {
  Federation federation;
  federation.experiment.partition.clients = 1;
  federation.experiment.training.rounds = 1;
  Simulation simulation = federation.simulation(*communicator);
  const Tensor before = simulation.server().global.clone();
  federation.finish(simulation);
  const Tensor moved = (federation.global - before).to(at::kDouble);
  EXPECT_GT(moved.norm().item<double>(), 0);
  if (communicator->root()) {
    EXPECT_NEAR(federation.witness.rounds[0].turns[0].drift, moved.norm().item<double>(), 1e-6);
  }
}

TEST_F(Simulations, learn) {
  Federation federation;
  federation.experiment.training.rounds = 20;
  federation.run(*communicator);
  if (!communicator->root()) return;
  const auto& rounds = federation.witness.rounds;
  EXPECT_LT(rounds.back().loss, 0.7 * rounds.front().loss);
}

TEST_F(Simulations, weigh_the_mean_update_by_samples_or_uniformly) {
  for (const char* weighting : {"samples", "uniform"}) {
    Federation federation;
    federation.experiment.method.weighting = weighting;
    federation.experiment.partition.clients = 4;
    federation.experiment.training.participation = 1;
    federation.experiment.training.rounds = 1;
    Simulation simulation = federation.simulation(*communicator);
    const Tensor before = simulation.server().global.clone();
    // The same turns, taken again by hand.
    Server start;
    start.global = before;
    Tensor sum = at::zeros({before.numel()}, at::kDouble);
    double weights = 0;
    for (ClientId client = 0; client < 4; client += 2) {
      const TurnOutcome turn = toy::turn_of(*federation.workshop, start, {client, client + 1});
      for (std::int64_t k = 0; k < 2; ++k) {
        const double weight = std::string(weighting) == "uniform" ? 1 : double(turn.samples[std::size_t(k)]);
        sum += weight * turn.upload.update[k].to(at::kDouble);
        weights += weight;
      }
    }
    federation.finish(simulation);
    EXPECT_TRUE(at::allclose(federation.global.to(at::kDouble), before + sum / weights, 0, 1e-7)) << weighting;
  }
}

TEST_F(Simulations, end_on_every_rank_naming_client_and_round_of_an_update_that_is_not_finite) {
  Federation federation;
  federation.experiment.training.participation = 1;
  federation.learner.spoil(7, 2);
  try {
    federation.run(*communicator);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const SharedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the update of client 7 in round 2 is not finite"));
  }
  if (communicator->root()) {
    EXPECT_EQ(federation.witness.rounds.size(), 2u) << "the round did not count";
  }
}

TEST_F(Simulations, may_drop_updates_that_are_not_finite_and_say_so) {
  Federation dropping, single;
  for (Federation* federation : {&dropping, &single}) {
    federation->experiment.training.participation = 1;
    federation->experiment.training.nonfinite = "drop";
    federation->experiment.checkpoint.every = 1;
    federation->learner.spoil(7, 2);
  }
  EXPECT_EQ(dropping.run(*communicator), Ending::finished);
  single.run(alone);
  expect_same(*communicator, dropping, single);
  EXPECT_TRUE(at::isfinite(dropping.global).all().item<bool>());
  if (!communicator->root()) return;
  ASSERT_EQ(dropping.witness.events.size(), 3u) << "rounds 2, 3 and 4";
  EXPECT_EQ(dropping.witness.events[0].kind, "dropped");
  EXPECT_EQ(dropping.witness.events[0].round, 2);
  EXPECT_THAT(dropping.witness.events[0].message, HasSubstr("client 7 in round 2"));
  for (const RoundRecord& round : dropping.witness.rounds) EXPECT_TRUE(std::isfinite(round.loss));
  // The client keeps what it had before.
  const auto row = [&](std::size_t save) { return dropping.saved[save].rows[7]; };
  EXPECT_TRUE(at::equal(row(4), row(1)));
  EXPECT_FALSE(at::equal(row(1), row(0)));
}

void keep_control_variates(Federation& federation, double bound = 256) {
  federation.strategy = std::make_unique<toy::ControlVariates>(bound);
  federation.experiment.optimiser.momentum = 0;
}

/// From round 2 on the loss of client 7 is so large that the change of its control variate is beyond its bound.
void throw_far(Federation& federation) {
  federation.experiment.training.participation = 1;
  federation.experiment.optimiser.learning_rate = 1e-5;
  federation.experiment.checkpoint.every = 1;
  federation.learner.magnify(7, 2, 1e4);
}

TEST_F(Simulations, play_a_round_again_with_the_bound_that_it_needs_and_keep_it) {
  Federation together, single;
  for (Federation* federation : {&together, &single}) {
    throw_far(*federation);
    keep_control_variates(*federation);
  }
  EXPECT_EQ(together.run(*communicator), Ending::finished);
  EXPECT_EQ(single.run(alone), Ending::finished);
  expect_same(*communicator, together, single);
  if (!communicator->root()) return;
  const auto& events = together.witness.events;
  ASSERT_EQ(events.size(), 1u) << "the bound is kept";
  EXPECT_EQ(events[0].kind, "replayed");
  EXPECT_EQ(events[0].round, 2);
  EXPECT_THAT(events[0].message,
              HasSubstr("round 2 is played again: what client 7 sent is beyond the bound of change"));
  EXPECT_EQ(together.witness.rounds.size(), 5u);
  for (const RoundRecord& round : together.witness.rounds)
    EXPECT_EQ(round.turns.size(), 11u) << "what clients sent counts once";
  EXPECT_FALSE(at::equal(together.saved[1].bounds, together.saved[2].bounds));
  // As if the bound had been wide from the beginning.
  Federation wide;
  throw_far(wide);
  keep_control_variates(wide, 0x1p20);
  wide.run(alone);
  EXPECT_TRUE(wide.witness.events.empty());
  for (const std::size_t save : {2, 3})
    EXPECT_TRUE(at::allclose(single.saved[save].rows, wide.saved[save].rows, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(single.global, wide.global, 1e-5, 1e-6));
}

TEST_F(Simulations, discard_the_round_in_which_one_rank_gets_a_signal) {
  Federation federation;
  federation.experiment.training.participation = 1;
  const int noticing = communicator->size() - 1;
  federation.learner.watch = [&](const Turn& turn) {
    EXPECT_EQ(federation.signal, 0) << "a step after the signal";
    if (turn.round == 3 && turn.step == 1 && communicator->rank() == noticing) federation.signal = SIGUSR2;
  };
  EXPECT_EQ(federation.run(*communicator), Ending::interrupted);
  if (!communicator->root()) return;
  EXPECT_EQ(federation.witness.rounds.size(), 3u);
  ASSERT_EQ(federation.saved.size(), 1u);
  EXPECT_EQ(federation.saved[0].server.round, 3);
  ASSERT_EQ(federation.witness.events.size(), 1u);
  EXPECT_EQ(federation.witness.events[0].kind, "interrupted");
}

TEST_F(Simulations, of_strategies_with_memories_and_extras_give_the_same_numbers) {
  expect_independent_of_ranks([](Federation& federation) { keep_control_variates(federation); });
  Federation with, without;
  keep_control_variates(with);
  without.experiment.optimiser.momentum = 0;
  with.run(alone), without.run(alone);
  EXPECT_FALSE(at::equal(with.global, without.global));
  for (const TurnRecord& turn : with.witness.rounds.at(0).turns) {
    constexpr std::int64_t bytes = 4 * (toy::classes * toy::width + 1);
    EXPECT_EQ(turn.upload, (FederatedBytes{bytes, 0, bytes})) << "the update and the change";
    EXPECT_EQ(turn.download, (FederatedBytes{bytes, 0, bytes})) << "the model and the variate";
  }
}

TEST_F(Simulations, refuse_a_strategy_that_changes_what_was_handed_out) {
  struct InPlace final : Strategy {
    void aggregate(Server& server, const Sums& sums) override { server.global += sums.mean_update; }
  };
  Federation federation;
  federation.strategy = std::make_shared<InPlace>();
  try {
    federation.run(*communicator);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("changed the server's parameters in place"));
  }
}

TEST_F(Simulations, give_the_same_numbers_where_clients_rows_lie_in_files) {
  for (const std::int64_t rows_in_memory : {0, 2}) {
    Federation in_files, in_memory;
    for (Federation* federation : {&in_files, &in_memory}) {
      keep_control_variates(*federation);
      federation->experiment.checkpoint.every = 2;
    }
    const std::int64_t row = toy::classes + toy::classes * toy::width + 1;  // biases and variates
    in_files.room = {rows_in_memory * row * std::int64_t(sizeof(float)), std::filesystem::temp_directory_path(), 1};
    in_files.run(*communicator);
    in_memory.run(alone);
    expect_same(*communicator, in_files, in_memory);
  }
}

TEST_F(Simulations, discard_what_a_replayed_round_has_put_into_files) {
  Federation in_files, in_memory;
  for (Federation* federation : {&in_files, &in_memory}) {
    throw_far(*federation);
    keep_control_variates(*federation);
  }
  in_files.room = {0, std::filesystem::temp_directory_path(), 1};
  in_files.run(*communicator);
  in_memory.run(alone);
  if (communicator->root()) {
    EXPECT_EQ(in_files.witness.events.at(0).kind, "replayed");
  }
  expect_same(*communicator, in_files, in_memory);
}

struct Resumes : Simulations, testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(WithoutAndWithMemories, Resumes, testing::Bool());

TEST_P(Resumes, go_on_from_a_saved_state_as_if_nothing_had_happened) {
  Federation whole, first, second;
  for (Federation* federation : {&whole, &first, &second}) {
    if (GetParam()) keep_control_variates(*federation);
    federation->experiment.training.rounds = 7;
  }
  whole.run(alone);
  first.learner.watch = [&](const Turn& turn) {
    if (turn.round == 4) first.signal = SIGTERM;
  };
  first.room = {0, std::filesystem::temp_directory_path(), 1};
  // Stopped on one rank, with rows in files, gone on with on all, in memory.
  EXPECT_EQ(first.run(alone), Ending::interrupted);
  Simulation simulation = second.simulation(*communicator);
  simulation.restore(first.saved.at(0));
  EXPECT_EQ(second.finish(simulation), Ending::finished);
  EXPECT_TRUE(at::equal(second.global, whole.global));
  if (!communicator->root()) return;
  EXPECT_TRUE(at::equal(second.saved.back().rows, whole.saved.back().rows));
  auto told = first.witness;
  told.rounds.insert(told.rounds.end(), second.witness.rounds.begin(), second.witness.rounds.end());
  told.scores.insert(told.scores.end(), second.witness.scores.begin(), second.witness.scores.end());
  expect_same(told.rounds, whole.witness.rounds);
  expect_same(told.scores, whole.witness.scores);
}

TEST_F(Simulations, account_what_clients_would_send) {
  Federation federation;
  federation.run(*communicator);
  if (!communicator->root()) return;
  for (const RoundRecord& round : federation.witness.rounds) {
    EXPECT_EQ(round.turns.size(), 6u) << "half of 11 clients, rounded";
    for (const TurnRecord& turn : round.turns) {
      EXPECT_EQ(turn.upload, (FederatedBytes{4 * (toy::classes * toy::width + 1), 0, 0}));
      EXPECT_EQ(turn.download, turn.upload);
    }
  }
}

TEST_F(Simulations, skip_a_last_batch_that_is_smaller_than_asked_for) {
  Federation federation;
  federation.experiment.training.smallest_batch = 2;
  federation.experiment.training.local_epochs = 2;
  federation.run(*communicator);
  if (!communicator->root()) return;
  std::set<std::int64_t> rests;
  for (const RoundRecord& round : federation.witness.rounds)
    for (const TurnRecord& turn : round.turns) {
      rests.insert(turn.samples % 4);
      EXPECT_EQ(turn.steps, 2 * (turn.samples / 4 + (turn.samples % 4 >= 2)));
    }
  EXPECT_THAT(rests, testing::IsSupersetOf({1, 2})) << "no client has such a last batch";
}

TEST_F(Simulations, count_no_loss_of_clients_that_take_no_step) {
  Federation federation;
  federation.experiment.method.weighting = "uniform";
  federation.experiment.training.batch_size = federation.experiment.training.smallest_batch = 20;  // whole ones alone
  federation.run(*communicator);
  if (!communicator->root()) return;
  bool idle = false;
  for (const RoundRecord& round : federation.witness.rounds) {
    double sum = 0;
    std::int64_t clients = 0;
    for (const TurnRecord& turn : round.turns) {
      EXPECT_EQ(std::isnan(turn.loss), turn.steps == 0) << "client " << turn.client;
      idle = idle || turn.steps == 0;
      if (turn.steps > 0) sum += turn.loss, ++clients;
    }
    if (clients > 0) {
      EXPECT_DOUBLE_EQ(round.loss, sum / double(clients));
    }
  }
  EXPECT_TRUE(idle) << "every client took a step";
}
TEST_F(Simulations, know_how_many_images_the_clients_of_a_round_have_and_forget_the_others) {
  Federation federation;
  federation.experiment.partition.kind = "sampled";
  federation.simulation(*communicator);
  Workshop& workshop = *federation.workshop;
  for (const std::vector<ClientId>& cohort : {std::vector<ClientId>{0, 3, 4, 9}, {3, 5}, {}}) {
    workshop.count_images(cohort, *communicator);
    EXPECT_EQ(workshop.sizes.size(), cohort.size());
    for (ClientId client = 0; client < 11; ++client)
      EXPECT_EQ(workshop.images(client), std::ssize(workshop.partition.shard(client).train));
    const std::int64_t calls = communicator->ledger().traffic()[Collective::all_reduce].calls;
    workshop.count_images(cohort, *communicator);
    EXPECT_EQ(communicator->ledger().traffic()[Collective::all_reduce].calls, calls) << "it is known";
  }
}

}  // namespace
}  // namespace fedorbit
