// What clients of a toy federation start from, and how they and the global model are judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "federation/simulations.hpp"

namespace fedorbit {
namespace {

/// The accuracies of a scope after the last round at which it was judged.
std::vector<Score> last_accuracies(const Federation& federation, const std::string& scope) {
  std::vector<Score> found;
  for (const Score& score : federation.witness.scores)
    if (score.scope == scope && score.metric == "accuracy" && score.round == federation.experiment.training.rounds)
      found.push_back(score);
  return found;
}

TEST_F(Simulations, judge_every_test_image_once_in_the_pool_by_class_by_domain_and_by_client) {
  Federation federation;
  federation.experiment.training.participation = 1;
  federation.experiment.evaluation.every = 100;
  federation.run(*communicator);
  if (!communicator->root()) return;
  const auto pool = std::int64_t(federation.parts.partition->test_pool().size());
  for (const char* whose : {scope::global, scope::personal}) {
    std::map<std::string, std::int64_t> images, correct;
    for (const Score& score : last_accuracies(federation, whose)) {
      const char* part = score.client != any   ? "client"
                         : score.domain != any ? "domain"
                         : score.label != any  ? "class"
                                               : "pool";
      EXPECT_EQ(score.value, double(score.correct) / double(score.count));
      images[part] += score.count, correct[part] += score.correct;
    }
    EXPECT_EQ(images.size(), whose == scope::global ? 4u : 3u) << "clients of several domains have none of their own";
    for (const auto& [part, count] : images) {
      EXPECT_EQ(count, pool) << whose << " " << part;
      EXPECT_EQ(correct.at(part), correct.at("pool")) << whose << " " << part;
    }
  }
  std::vector<std::string> pools;
  for (const Score& score : federation.witness.scores)
    if (score.client == any && score.domain == any && score.label == any && score.metric == "accuracy")
      pools.push_back(score.scope + " " + score.task);
  EXPECT_THAT(pools,
              testing::ElementsAre("frozen zero-shot", "global labelling", "global labelling", "personal labelling"));
}

TEST_F(Simulations, count_clients_that_have_never_trained_apart) {
  Federation federation;
  federation.experiment.training.participation = 0.2;  // two of eleven clients
  federation.experiment.training.rounds = 2;
  federation.experiment.evaluation.every = 100;
  federation.run(*communicator);
  if (!communicator->root()) return;
  std::set<std::int64_t> trained;
  for (const RoundRecord& round : federation.witness.rounds)
    for (const TurnRecord& turn : round.turns) trained.insert(turn.client);
  std::map<std::string, std::set<std::int64_t>> judged;
  for (const char* whose : {scope::personal, scope::untrained})
    for (const Score& score : last_accuracies(federation, whose))
      if (score.client != any) judged[whose].insert(score.client);
  EXPECT_EQ(judged["personal"], trained);
  EXPECT_EQ(judged["personal"].size() + judged["untrained"].size(), 11u);
}

TEST_F(Simulations, count_clients_apart_that_have_too_few_images_for_a_step) {
  Federation federation;
  TrainingOptions& training = federation.experiment.training;
  training.participation = 1, training.rounds = 2;
  training.batch_size = 1000, training.smallest_batch = 22;  // about the mean of all
  federation.experiment.evaluation.every = 100;
  federation.run(*communicator);
  if (!communicator->root()) return;
  std::set<std::int64_t> trained, judged;
  for (const TurnRecord& turn : federation.witness.rounds.back().turns)
    if (turn.steps > 0) trained.insert(turn.client);
  for (const Score& score : last_accuracies(federation, scope::personal))
    if (score.client != any) judged.insert(score.client);
  EXPECT_GE(trained.size(), 1u);
  EXPECT_LT(trained.size(), 11u);
  EXPECT_EQ(judged, trained);
}

/// Clients that are sent different parameters, and keep nothing of their own.
struct Apart final : FedAvg {
  Download download(const Server& server, ClientId client) override {
    return {client == 3 ? at::zeros_like(server.global) : server.global, {}};
  }
  bool downloads_differ() const override { return true; }
};

TEST_F(Simulations, judge_clients_with_what_the_strategy_sends_them) {
  Federation federation(at::kCPU, false);
  federation.strategy = std::make_shared<Apart>();
  federation.run(*communicator);
  if (!communicator->root()) return;
  std::map<std::int64_t, double> global, personal;
  for (const Score& score : last_accuracies(federation, scope::global)) global[score.client] = score.value;
  for (const Score& score : last_accuracies(federation, scope::personal)) personal[score.client] = score.value;
  ASSERT_EQ(personal.count(3), 1u);
  EXPECT_NE(personal.at(3), global.at(3));
  EXPECT_EQ(personal.at(4), global.at(4));
}

TEST_F(Simulations, whose_tensors_are_personal_give_the_same_numbers) {
  for (const char* personal : {"*", "scale", "weights; scale"})
    expect_independent_of_ranks([&](Federation& federation) { federation.experiment.method.personal = personal; });
}

TEST_F(Simulations, of_clients_that_share_nothing_train_each_alone_from_the_same_beginning) {
  Federation federation(at::kCPU, false), other(at::kCPU, false);
  for (Federation* each : {&federation, &other}) {
    each->experiment.method.personal = "*";
    each->experiment.training.participation = 1;
    each->experiment.checkpoint.every = 1;
  }
  other.learner.spoil(7, 0);
  other.experiment.training.nonfinite = "drop";
  federation.run(alone);
  other.run(alone);
  EXPECT_EQ(federation.global.numel(), 0);
  const auto row = [](const Federation& of, std::int64_t client) { return of.saved.back().rows[client]; };
  EXPECT_TRUE(at::equal(row(federation, 3), row(other, 3))) << "what another client does is nothing to it";
  EXPECT_FALSE(at::equal(row(federation, 3), row(federation, 4)));
  for (const TurnRecord& turn : federation.witness.rounds[0].turns) EXPECT_EQ(turn.upload, FederatedBytes{});
  EXPECT_TRUE(last_accuracies(federation, scope::global).empty());
  EXPECT_GT(last_accuracies(federation, scope::personal).size(), 11u);
}

/// Clients start half-way between what came and what they had after their last turn.
struct Halfway final : FedAvg {
  Lengths memories(const Layout& layout) const override { return {{"mine", layout.weights(Owner::shared)}}; }
  bool blends() const override { return true; }
  bool receive(Parameters& parameters, const Turn& turn) const override {
    if (turn.round == 0) return false;
    parameters.flat(Owner::shared).add_(turn.memory("mine")).div_(2);
    return true;
  }
  Upload upload(const Tensor& update, Turn& turn) override {
    turn.memory("mine").copy_(turn.start + update);
    return {update};
  }
};

TEST_F(Simulations, start_and_judge_clients_where_the_strategy_says_they_start) {
  Federation federation(at::kCPU, false);
  federation.strategy = std::make_shared<Halfway>();
  federation.experiment.training.participation = 1;
  federation.experiment.training.rounds = 1;
  federation.experiment.checkpoint.every = 1;
  Simulation simulation = federation.simulation(alone);
  federation.finish(simulation);
  // By hand: the mean of the aggregate and of what the client had trained.
  const Tensor start = (federation.global + federation.saved.back().rows[4]) / 2;
  const std::vector<std::int64_t>& images = federation.questions->splits.at(0).of_client[4];
  const Batch batch = federation.samples.batch(picked(images), {});
  Parameters parameters(federation.learner.layout(), 1);
  parameters.flat(Owner::shared).copy_(start.unsqueeze(0));
  const Tensor answers = federation.learner.scorer(parameters, Scope::personal)(batch)[0].argmax(1);
  for (const Score& score : last_accuracies(federation, scope::personal))
    if (score.client == 4) {
      EXPECT_EQ(score.correct, (answers == batch.labels[0]).sum().item<std::int64_t>());
      EXPECT_EQ(score.count, std::int64_t(images.size()));
    }
  // And the next turn begins there, with its update counted from what was downloaded.
  const Tensor& rows = federation.saved.back().rows;
  const ClientStore kept = toy::store_of({{4, rows[4]}, {5, rows[5]}});
  const std::vector<ClientId> clients{4, 5};
  Downloads downloads = toy::downloads_of(*federation.workshop, simulation.server());
  const Arrival arrival = arrive(*federation.workshop, simulation.server(), downloads, clients, kept, {1, 1});
  EXPECT_TRUE(at::allclose(arrival.group.parameters().flat(Owner::shared)[0], start, 0, 0));
  EXPECT_TRUE(at::equal(arrival.turn.start[0], federation.global));
}

}  // namespace
}  // namespace fedorbit
