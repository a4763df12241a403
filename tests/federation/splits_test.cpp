// What a run makes of its splits: validation, images that train nobody, the model that is kept, and what clients hold
// right after their training; the same on any number of ranks, and after a kill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "comm/factory.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"
#include "support/checks.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;
using toy::Federation;

/// Everything that a split can have.
void divide(Federation& federation) {
  federation.experiment.partition.test_fraction = 0.3;
  federation.experiment.partition.validation_fraction = 0.3;
  federation.experiment.partition.unseen_clients = 2;
  federation.experiment.training.rounds = 6;
  federation.experiment.evaluation.select = "validation";
  federation.experiment.evaluation.trained = true;
  federation.experiment.evaluation.linear_probe = true;
}

/// So that later rounds are not always better.
void stride(Federation& federation) {
  divide(federation);
  federation.experiment.training.rounds = 8;
  federation.experiment.evaluation.every = 1;
  federation.experiment.optimiser.learning_rate = 3;
}

using Key = std::tuple<std::int64_t, std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::string,
                       std::string>;
/// Scores by what they are about.
std::map<Key, Score> by_key(const Federation& federation) {
  std::map<Key, Score> found;
  for (const Score& s : federation.witness.scores)
    EXPECT_TRUE(found.try_emplace({s.round, s.scope, s.split, s.client, s.domain, s.label, s.task, s.metric}, s).second)
        << "twice: round " << s.round << " " << s.scope << " " << s.split << " client " << s.client;
  return found;
}

void expect_same(const Federation& actual, const Federation& expected) {
  const auto a = by_key(actual), e = by_key(expected);
  ASSERT_EQ(a.size(), e.size());
  for (const auto& [key, score] : e) {
    ASSERT_TRUE(a.contains(key)) << score.scope << " " << score.split << " after " << score.round;
    EXPECT_EQ(a.at(key).correct, score.correct);
    EXPECT_EQ(a.at(key).count, score.count);
    EXPECT_EQ(a.at(key).value, score.value) << score.scope << " " << score.split << " " << score.metric;
  }
}

void expect_same(const std::optional<Selected>& actual, const std::optional<Selected>& expected) {
  ASSERT_TRUE(actual && expected);
  EXPECT_EQ(actual->round, expected->round);
  EXPECT_EQ(actual->accuracy, expected->accuracy);
  EXPECT_TRUE(at::equal(actual->shared, expected->shared));
}

struct Splits : testing::Test {
  std::unique_ptr<Communicator> communicator = make_communicator("mpi");
  SingleCommunicator alone;
};

TEST_F(Splits, are_judged_the_same_on_any_number_of_ranks) {
  Federation together, single;
  divide(together), divide(single);
  EXPECT_EQ(together.run(*communicator), Ending::finished);
  EXPECT_EQ(single.run(alone), Ending::finished);
  EXPECT_TRUE(at::equal(together.global, single.global));
  if (!communicator->root()) return;
  expect_same(together, single);
  expect_same(together.saved.back().selected, single.saved.back().selected);
}

TEST_F(Splits, are_judged_the_same_after_a_kill) {
  Federation whole, first, second;
  for (Federation* federation : {&whole, &first, &second}) stride(*federation);
  whole.run(alone);
  first.learner.watch = [&](const Turn& turn) {
    if (turn.round == 7) first.signal = SIGTERM;
  };
  EXPECT_EQ(first.run(alone), Ending::interrupted);
  ASSERT_LT(whole.saved.back().selected->round, 8) << "else nothing of it need be remembered";
  Simulation simulation = second.simulation(*communicator);
  simulation.restore(first.saved.at(0));
  EXPECT_EQ(second.finish(simulation), Ending::finished);
  EXPECT_TRUE(
      at::equal(simulation.shared()[0].second, whole.saved.back().selected->shared.narrow(0, 0, 12).view({3, 4})))
      << "what is kept";
  if (!communicator->root()) return;
  expect_same(second.saved.back().selected, whole.saved.back().selected);
  second.witness.scores.insert(second.witness.scores.begin(), first.witness.scores.begin(), first.witness.scores.end());
  expect_same(second, whole);
}

TEST_F(Splits, have_scores_of_every_scope_that_knows_their_images) {
  Federation federation;
  divide(federation);
  federation.run(alone);
  std::map<std::string, std::set<std::string>> splits;
  std::set<std::int64_t> unseen;
  for (const Score& score : federation.witness.scores) {
    splits[score.scope == scope::frozen ? score.task : score.scope].insert(score.split);
    if (score.split == split::unseen && score.client != any) unseen.insert(score.client);
  }
  const std::set<std::string> all{"test", "validation", "unseen"}, own{"test", "validation"};
  EXPECT_EQ(splits["zero-shot"], all);
  EXPECT_EQ(splits["probe"], all);
  EXPECT_EQ(splits["global"], all);
  EXPECT_EQ(splits["personal"], own);
  EXPECT_EQ(splits["trained"], own);
  EXPECT_EQ(unseen, (std::set<std::int64_t>{9, 10})) << "the last two of eleven clients";
  for (const RoundRecord& round : federation.witness.rounds)
    for (const TurnRecord& turn : round.turns) EXPECT_LT(turn.client, 9);
}

TEST_F(Splits, leave_training_as_it_is_where_they_only_take_from_the_test_images) {
  Federation plain, judged;
  judged.experiment.evaluation.trained = true;
  plain.run(alone), judged.run(alone);
  EXPECT_TRUE(at::equal(plain.global, judged.global)) << "scores of what was trained change nothing";
}

TEST_F(Splits, seeded_apart_from_training_stay_where_training_is_another) {
  Federation one, two, both;
  for (Federation* federation : {&one, &two, &both}) federation->experiment.training.rounds = 1;
  two.experiment.seed = 2;
  two.experiment.partition.seed = 1;
  both.experiment.seed = 2;
  one.run(alone), two.run(alone), both.run(alone);
  EXPECT_EQ(one.experiment.partition.seed, 1) << "as the experiment's, where nothing is said";
  EXPECT_EQ(both.experiment.partition.seed, 2);
  EXPECT_EQ(one.parts.partition->shard(3).train, two.parts.partition->shard(3).train);
  EXPECT_NE(one.parts.partition->shard(3).train, both.parts.partition->shard(3).train);
  EXPECT_FALSE(at::equal(one.global, two.global));
}

TEST_F(Splits, keep_the_model_that_validates_best_and_of_equal_ones_the_first) {
  Federation federation;
  stride(federation);
  federation.experiment.checkpoint.every = 1;
  Simulation simulation = federation.simulation(alone);
  federation.finish(simulation);
  std::map<std::int64_t, std::pair<double, double>> means;  // rounds done: sum of accuracies, clients
  for (const Score& score : federation.witness.scores)
    if (score.scope == scope::global && score.split == split::validation && score.client != any &&
        score.metric == "accuracy" && score.round > 0)
      means[score.round].first += score.value, means[score.round].second += 1;
  std::int64_t best = 0;
  double most = -1;
  for (const auto& [round, mean] : means)
    if (mean.first / mean.second > most) best = round, most = mean.first / mean.second;
  ASSERT_LT(best, 8) << "else the last would do as well";
  ASSERT_FALSE(federation.witness.selections.empty());
  EXPECT_EQ(federation.witness.selections.back().rounds_done, best);
  EXPECT_EQ(federation.witness.selections.back().accuracy, most);
  EXPECT_EQ(simulation.selected()->round, best);
  const Tensor kept = simulation.shared()[0].second.flatten();
  EXPECT_TRUE(at::equal(kept, federation.saved.at(std::size_t(best) - 1).server.global.narrow(0, 0, kept.numel())));
  EXPECT_FALSE(at::equal(kept, federation.global.narrow(0, 0, kept.numel())));
}

TEST_F(Splits, judge_what_a_client_holds_before_the_aggregation) {
  Federation federation(at::kCPU, false);
  federation.experiment.partition.clients = 4;
  federation.experiment.training.participation = 0.5;
  federation.experiment.training.rounds = 1;
  federation.experiment.evaluation.trained = true;
  Simulation simulation = federation.simulation(alone);
  Server start;
  start.global = simulation.server().global.clone();
  federation.finish(simulation);
  const auto& turns = federation.witness.rounds.at(0).turns;
  ASSERT_EQ(turns.size(), 2u);
  std::set<std::int64_t> judged;
  for (const Score& score : federation.witness.scores) {
    if (score.scope != scope::trained || score.client == any || score.metric != "accuracy") continue;
    judged.insert(score.client);
    EXPECT_EQ(score.round, 1);
    // By hand: the turn taken again, and its own images labelled.
    const TurnOutcome turn = toy::turn_of(*federation.workshop, start, {turns[0].client, turns[1].client});
    const std::int64_t k = score.client == turns[0].client ? 0 : 1;
    Parameters trained(federation.learner.layout(), 1);
    trained.flat(Owner::shared).copy_((start.global + turn.upload.update[k]).unsqueeze(0));
    const auto images = federation.parts.partition->shard(score.client).test;
    const Batch batch = federation.samples.batch(picked(images), {});
    const Tensor answers = federation.learner.scorer(trained, Scope::personal)(batch)[0].argmax(1);
    EXPECT_EQ(score.correct, (answers == batch.labels[0]).sum().item<std::int64_t>());
    EXPECT_EQ(score.count, std::int64_t(images.size()));
  }
  EXPECT_EQ(judged, (std::set<std::int64_t>{turns[0].client, turns[1].client})) << "the round's clients alone";
}

TEST_F(Splits, do_not_judge_what_is_not_finite) {
  Federation federation;
  federation.experiment.training.participation = 1;
  federation.experiment.training.nonfinite = "drop";
  federation.experiment.evaluation.trained = true;
  federation.learner.spoil(7, 0);
  federation.run(*communicator);
  if (!communicator->root()) return;
  std::set<std::int64_t> judged;
  for (const Score& score : federation.witness.scores)
    if (score.scope == scope::trained && score.client != any) judged.insert(score.client);
  EXPECT_EQ(judged.size(), 10u);
  EXPECT_FALSE(judged.contains(7));
}

TEST_F(Splits, that_nothing_can_be_selected_by_are_refused) {
  const auto refusal = [&](const std::function<void(Federation&)>& change) {
    Federation federation;
    federation.experiment.partition.test_fraction = 0.3;
    federation.experiment.partition.validation_fraction = 0.3;
    federation.experiment.evaluation.select = "validation";
    change(federation);
    return sentence([&] { federation.simulation(alone); });
  };
  EXPECT_THAT(refusal([](Federation& f) { f.experiment.partition.validation_fraction = 0; }),
              HasSubstr("set partition.validation_fraction"));
  EXPECT_THAT(refusal([](Federation& f) { f.experiment.method.personal = "*"; }),
              HasSubstr("method.personal = * the server has no whole model"));
  EXPECT_THAT(refusal([](Federation& f) { f.experiment.evaluation.clients = 0; }), HasSubstr("judges no client"));
}

}  // namespace
}  // namespace fedorbit
