// How a client takes its steps: in parts of a batch, along directions of bounded length, at rates that change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "comm/factory.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"
#include "federation/clipping.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;
using toy::Federation;

void set(Federation& federation, const std::vector<std::string>& options) {
  for (const std::string& option : options) OptionList::of(federation.experiment).set(option);
}

struct LocalTraining : testing::Test {
  std::unique_ptr<Communicator> communicator = make_communicator("mpi");
  SingleCommunicator alone;
};

TEST_F(LocalTraining, gives_the_same_numbers_on_any_number_of_ranks_and_after_a_resume) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"training.accumulate=3"},
        {"optimiser.clip_norm=0.2"},
        {"optimiser.schedule=cosine", "optimiser.schedule_over=steps", "optimiser.warmup=4"}}) {
    Federation whole, first, second;
    for (Federation* federation : {&whole, &first, &second}) set(*federation, options);
    whole.run(alone);
    first.learner.watch = [&](const Turn& turn) {
      if (turn.round == 3) first.signal = SIGTERM;
    };
    EXPECT_EQ(first.run(alone), Ending::interrupted);
    Simulation simulation = second.simulation(*communicator);
    simulation.restore(first.saved.at(0));
    second.finish(simulation);
    EXPECT_TRUE(at::equal(second.global, whole.global)) << options[0];
  }
}

TEST_F(LocalTraining, in_parts_of_a_batch_is_the_same_up_to_sums) {
  Federation whole;
  std::int64_t looks = 0, once = 0;
  whole.learner.watch = [&](const Turn&) { ++once; };
  whole.run(alone);
  // Three parts of four images are two of two.
  for (const auto& [parts, looked] : {std::pair{2, 2}, {3, 2}, {4, 4}}) {
    Federation apart;
    apart.experiment.training.accumulate = parts;
    looks = 0;
    apart.learner.watch = [&](const Turn&) { ++looks; };
    apart.run(alone);
    EXPECT_EQ(looks, looked * once) << parts;
    EXPECT_TRUE(at::allclose(apart.global, whole.global, 1e-5, 1e-6)) << parts;
    for (std::size_t r = 0; r < whole.witness.rounds.size(); ++r)
      EXPECT_NEAR(apart.witness.rounds[r].loss, whole.witness.rounds[r].loss, 1e-5);
  }
}

TEST_F(LocalTraining, in_parts_of_a_batch_observes_nothing_of_parts_in_which_a_client_has_no_image) {
  Federation one_by_one, together;  // only in company are a client's last parts empty
  one_by_one.experiment.training.group_size = 1;
  together.experiment.training.group_size = 6;
  for (Federation* federation : {&one_by_one, &together}) {
    federation->experiment.training.accumulate = 4;
    federation->run(alone);
  }
  for (std::size_t r = 0; r < together.witness.rounds.size(); ++r) {
    const std::vector<TurnRecord>&apart = one_by_one.witness.rounds[r].turns, &turns = together.witness.rounds[r].turns;
    ASSERT_EQ(apart.size(), turns.size());
    for (std::size_t i = 0; i < turns.size(); ++i)
      EXPECT_NEAR(turns[i].diagnostics.at(0), apart[i].diagnostics.at(0), 1e-5) << "client " << turns[i].client;
  }
}

TEST_F(LocalTraining, along_clipped_directions_goes_no_further_than_these_are_long) {
  constexpr double rate = 0.1, most = 1e-3;
  for (const double clip_norm : {most, 0.0}) {
    Federation federation;
    set(federation, {"optimiser.momentum=0", "optimiser.weight_decay=0"});
    federation.experiment.optimiser.clip_norm = clip_norm;
    federation.run(alone);
    bool further = false;
    for (const RoundRecord& round : federation.witness.rounds)
      for (const TurnRecord& turn : round.turns) further |= turn.drift > 1.0001 * double(turn.steps) * rate * most;
    EXPECT_EQ(further, clip_norm == 0);
  }
}

TEST_F(LocalTraining, clips_by_the_norm_of_all_that_a_client_trains) {
  const Tensor shared = at::tensor({3.f, 0.f, 0.3f, 0.f}).view({2, 2}), own = at::tensor({4.f, 0.4f}).view({2, 1});
  const Tensor factors = clip_factors(std::vector<Tensor>{shared, own}, 2);
  EXPECT_NEAR(factors[0].item<float>(), 2.0 / 5, 1e-6);
  EXPECT_EQ(factors[1].item<float>(), 1);
}

/// The gradient of its weights is one everywhere.
struct Slope final : toy::Learner {
  Tensor loss(const Parameters& parameters, const Batch&, Turn&) override {
    return parameters["weights"].sum(at::IntArrayRef{1, 2});
  }
};

TEST_F(LocalTraining, at_rates_that_change_from_step_to_step_moves_by_each_clients_own) {
  Federation federation(at::kCPU, std::make_shared<Slope>());
  set(federation, {"optimiser.momentum=0", "optimiser.weight_decay=0", "optimiser.schedule=cosine",
                   "optimiser.schedule_over=steps", "optimiser.warmup=3", "training.local_epochs=2"});
  const Simulation simulation = federation.simulation(alone);
  const auto& options = federation.experiment;
  Server server = simulation.server();
  bool differ = false;
  for (server.round = 0; server.round < options.training.rounds; ++server.round) {
    const TurnOutcome turn = toy::turn_of(*federation.workshop, server, {0, 1, 2});
    for (std::size_t k = 0; k < 3; ++k) {
      double way = 0;
      for (std::int64_t step = 0; step < turn.steps[k]; ++step)
        way += learning_rate_at(options.optimiser, {server.round, options.training.rounds, step, turn.steps[k]});
      EXPECT_NEAR(turn.upload.update[std::int64_t(k)][0].item<double>(), -way, 1e-5) << "round " << server.round;
      differ |= turn.steps[k] != turn.steps[0];
    }
  }
  EXPECT_TRUE(differ) << "all clients take as many steps";
}

/// A client also keeps weights that are not trained.
struct Anchored final : toy::Learner {
  Anchored() { layout_.add({"anchor", {5}, Owner::personal, false, false}); }
};

TEST_F(LocalTraining, beside_personal_weights_that_are_not_trained_does_not_depend_on_the_group) {
  for (const double clip_norm : {0.0, 0.2}) {
    Federation together(at::kCPU, std::make_shared<Anchored>()), apart(at::kCPU, std::make_shared<Anchored>());
    for (Federation* federation : {&together, &apart}) federation->experiment.optimiser.clip_norm = clip_norm;
    together.experiment.training.group_size = 3;
    apart.experiment.training.group_size = 1;
    together.run(alone), apart.run(alone);
    EXPECT_TRUE(at::equal(together.global, apart.global));
    EXPECT_TRUE(at::equal(together.saved.back().rows, apart.saved.back().rows));
  }
}

TEST_F(LocalTraining, that_cannot_be_is_refused) {
  const auto sentence_of = [&](const std::string& option) -> std::string {
    Federation federation;
    set(federation, {option});
    try {
      federation.simulation(alone);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  };
  EXPECT_THAT(sentence_of("training.accumulate=5"), HasSubstr("a batch of training.batch_size = 4 images"));
  EXPECT_THAT(sentence_of("optimiser.warmup=5"), HasSubstr("would not end within training.rounds = 5"));
}

}  // namespace
}  // namespace fedorbit
