// Statistics of a learner: written by its clients, averaged plainly, seen by no strategy, codec or norm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "comm/factory.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

/// The toy on features less their running mean, which is a statistic, declared between weights.
class Centred final : public toy::Learner {
 public:
  double unit = 1;  // of the mean as it is kept
  int seen = 0;     // looks at the loss that statistics are of
  Centred() {
    layout_ = {};
    layout_.add({"weights", {toy::classes, toy::width}, Owner::shared});
    layout_.add({"mean", {toy::width}, Owner::shared, false, false, Role::statistic});
    layout_.add({"scale", {1}, Owner::shared});
    layout_.add({"bias", {toy::classes}, Owner::personal});
  }
  void initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys) override {
    toy::Learner::initialise(parameters, owner, clients, keys);
    parameters.statistics(owner).zero_();
  }
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn& turn) override {
    if (!turn.again) {
      const Tensor present = batch.present.unsqueeze(2);  // (K, B, 1)
      batch_mean_ = (batch.features * present).sum(1) / present.sum(1).clamp_min(1);
      ++seen;
    }
    return toy::Learner::loss(parameters, batch, turn);
  }
  /// mean = 0.75 mean + 0.25 (mean of the batch), for clients that take the step.
  void after_step(Parameters& parameters, const Turn& turn) override {
    const Tensor mean = parameters["mean"].detach();
    mean.add_(0.25 * turn.active.unsqueeze(1) * (unit * batch_mean_ - mean));
  }

 protected:
  Tensor scored(const Parameters& parameters, const Tensor& features, bool with_bias) const override {
    return toy::Learner::scored(parameters, features - parameters["mean"].unsqueeze(1) / unit, with_bias);
  }

 private:
  Tensor batch_mean_;  // (K, width)
};

constexpr std::int64_t weights = toy::classes * toy::width + 1;

/// A federation of centred clients.
struct Federation : toy::Federation {
  std::shared_ptr<Centred> centred;
  Federation() : Federation(std::make_shared<Centred>()) {}

 private:
  explicit Federation(std::shared_ptr<Centred> learner) : toy::Federation(at::kCPU, learner), centred(learner) {}
};

Tensor statistics_of(const toy::Federation& federation) { return federation.global.narrow(0, weights, toy::width); }

struct Statistics : testing::Test {
  std::unique_ptr<Communicator> communicator = make_communicator("mpi");
  SingleCommunicator alone;
};

/// FedAvg that takes each step's gradient at a second point.
struct Perturbed final : FedAvg {
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn&) override {
    EXPECT_EQ(shared.size(1), weights);
    return at(shared + 0.01 * at(shared));
  }
};

TEST_F(Statistics, are_the_same_numbers_on_any_number_of_ranks_under_every_strategy) {
  for (const std::string name : {"fedavg", "fedprox", "fedadam", "scaffold", "control_variates", "perturbed"}) {
    Federation together, single;
    for (Federation* federation : {&together, &single}) {
      federation->experiment.optimiser.momentum = 0;
      if (name == "control_variates")
        federation->strategy = std::make_shared<toy::ControlVariates>();
      else if (name == "perturbed")
        federation->strategy = std::make_shared<Perturbed>();
      else
        federation->experiment.method.strategy = name;
    }
    together.run(*communicator), single.run(alone);
    EXPECT_TRUE(at::equal(together.global, single.global)) << name;
    EXPECT_GT(statistics_of(single).abs().max().item<float>(), 0.01) << name;
    if (communicator->root()) {
      EXPECT_EQ(together.witness.rounds.back().turns[0].drift, single.witness.rounds.back().turns[0].drift);
    }
  }
}

TEST_F(Statistics, move_by_the_mean_over_clients_however_far_the_server_steps) {
  for (const double rate : {0.0, 1.0}) {
    Federation federation;
    federation.experiment.partition.clients = 4;
    federation.experiment.training.participation = 1;
    federation.experiment.training.rounds = 1;
    OptionList::of(federation.experiment).set(text("fedavg.learning_rate=", rate));
    Simulation simulation = federation.simulation(alone);
    const Tensor before = simulation.server().parameters();
    Tensor sum = at::zeros({toy::width}, at::kDouble);
    double samples = 0;
    for (const std::vector<ClientId>& group : {std::vector<ClientId>{0, 1}, {2, 3}}) {
      const TurnOutcome turn = toy::turn_of(*federation.workshop, simulation.server(), group);
      EXPECT_EQ(turn.upload.update.size(1), weights);
      for (std::int64_t k = 0; k < 2; ++k) {
        sum += double(turn.samples[std::size_t(k)]) * turn.statistics[k].to(at::kDouble);
        samples += double(turn.samples[std::size_t(k)]);
        EXPECT_NEAR(turn.drift[std::size_t(k)], turn.upload.update[k].norm().item<double>(), 1e-6);
      }
    }
    federation.finish(simulation);
    EXPECT_TRUE(at::allclose(statistics_of(federation).to(at::kDouble), sum / samples, 0, 1e-7));
    EXPECT_EQ(at::equal(federation.global.narrow(0, 0, weights), before.narrow(0, 0, weights)), rate == 0);
    for (const TurnRecord& turn : federation.witness.rounds[0].turns) {
      EXPECT_EQ(turn.upload, (FederatedBytes{4 * weights, 4 * toy::width, 0}));
      EXPECT_EQ(turn.download, turn.upload);
    }
  }
}

TEST_F(Statistics, are_those_of_a_steps_first_look_at_the_loss) {
  Federation plain, perturbed;
  perturbed.strategy = std::make_shared<Perturbed>();
  int looks = 0;
  perturbed.learner.watch = [&](const Turn&) { ++looks; };
  plain.run(alone), perturbed.run(alone);
  EXPECT_EQ(perturbed.centred->seen, plain.centred->seen);
  EXPECT_EQ(looks, 2 * plain.centred->seen);
  EXPECT_TRUE(at::equal(statistics_of(perturbed), statistics_of(plain)));
}

TEST_F(Statistics, may_go_far_in_a_first_round_and_are_replayed_where_they_go_further) {
  for (const auto& [unit, replays] : {std::pair{1e5, 0u}, std::pair{1e9, 1u}}) {
    Federation federation;
    federation.centred->unit = unit;
    federation.experiment.training.rounds = 2;
    federation.run(*communicator);
    EXPECT_TRUE(at::allclose(
        statistics_of(federation) / unit,
        [&] {
          Federation small;
          small.experiment.training.rounds = 2;
          small.run(alone);
          return statistics_of(small);
        }(),
        1e-3, 1e-4));
    if (!communicator->root()) continue;
    ASSERT_EQ(federation.witness.events.size(), replays);
    for (const EventRecord& event : federation.witness.events)
      EXPECT_THAT(event.message, HasSubstr("beyond the bound of mean"));
  }
}

TEST_F(Statistics, that_are_personal_stay_with_their_clients) {
  Federation federation;
  federation.experiment.method.personal = "mean";
  federation.experiment.checkpoint.every = 1;
  federation.run(alone);
  EXPECT_EQ(federation.global.size(0), weights);
  const Tensor rows = federation.saved.back().rows;  // (clients, bias and mean)
  EXPECT_FALSE(at::equal(rows[0].narrow(0, toy::classes, toy::width), rows[1].narrow(0, toy::classes, toy::width)));
  for (const TurnRecord& turn : federation.witness.rounds[0].turns)
    EXPECT_EQ(turn.upload, (FederatedBytes{4 * weights, 0, 0}));
}

TEST_F(Statistics, go_on_from_a_saved_state) {
  Federation whole, first, second;
  for (Federation* federation : {&whole, &first, &second}) federation->experiment.training.rounds = 7;
  whole.run(alone);
  first.learner.watch = [&](const Turn& turn) {
    if (turn.round == 4) first.signal = SIGTERM;
  };
  EXPECT_EQ(first.run(alone), Ending::interrupted);
  Simulation simulation = second.simulation(*communicator);
  simulation.restore(first.saved.at(0));
  second.finish(simulation);
  EXPECT_TRUE(at::equal(second.global, whole.global));
}

TEST_F(Statistics, that_are_not_finite_are_found) {
  Federation federation;
  federation.centred->unit = INFINITY;
  EXPECT_THROW(federation.run(*communicator), SharedError);
}

}  // namespace
}  // namespace fedorbit
