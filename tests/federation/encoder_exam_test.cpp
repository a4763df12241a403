// Learners that cannot label, but encode: how well the features of the server's encoder tell classes apart.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "federation/simulations.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

/// Encodes an image x as x times a column of its matrix, or as x itself.
class Encoding final : public toy::Learner, public Encoder {
 public:
  explicit Encoding(bool plain) : plain_(plain) {}
  Classifier* classifier() override { return nullptr; }
  Encoder* encoder() override { return this; }
  fedorbit::Encoding encoding(const Parameters& parameters, Scope scope) override {
    EXPECT_EQ(scope, Scope::global);
    return [this, &parameters](const Batch& batch) {
      EXPECT_FALSE(batch.labels.defined());
      return plain_ ? batch.features : batch.features * parameters["weights"].select(1, 0).unsqueeze(1);
    };
  }
  Tensor encode(const Parameters& parameters, const Batch& batch) override {
    return encoding(parameters, Scope::global)(batch);
  }
  Needs needs_to_encode() const override { return {.labels = false}; }
  std::int64_t width() const override { return toy::width; }

 private:
  bool plain_;
};

struct Encoders : Simulations {
  static void set(Federation& federation) {
    federation.experiment.evaluation.linear_probe = federation.experiment.evaluation.neighbours = true;
    federation.experiment.training.rounds = 4;
  }
};

TEST_F(Encoders, are_judged_by_a_probe_and_by_neighbours_in_the_pool_and_by_client_each_time) {
  Federation federation(at::kCPU, std::make_shared<Encoding>(false));
  set(federation);
  federation.run(*communicator);
  if (!communicator->root()) return;
  const auto pool = std::int64_t(federation.parts.partition->test_pool().size());
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> of_pool, of_clients;  // images by task and round
  std::map<std::string, std::set<double>> losses;
  for (const Score& score : federation.witness.scores) {
    if (score.scope != scope::global) continue;
    EXPECT_NE(score.task, task::labelling);
    if (score.metric == "loss" && score.client == any && score.domain == any) losses[score.task].insert(score.value);
    if (score.metric != "accuracy" || score.domain != any || score.label != any) continue;
    (score.client == any ? of_pool : of_clients)[{score.task, score.round}] += score.count;
  }
  for (const char* task : {task::probe, task::neighbours})
    for (const std::int64_t round : {0, 2, 4}) {
      EXPECT_EQ((of_pool[{task, round}]), pool) << task << " after " << round;
      EXPECT_EQ((of_clients[{task, round}]), pool) << task << " after " << round;
    }
  EXPECT_EQ(losses[task::probe].size(), 3u) << "what the server has learned changes its features";
}

TEST_F(Encoders, that_leave_features_as_they_are_score_what_frozen_features_do) {
  Federation federation(at::kCPU, std::make_shared<Encoding>(true));
  set(federation);
  federation.run(*communicator);
  if (!communicator->root()) return;
  std::map<std::pair<std::string, std::string>, std::set<std::tuple<double, std::int64_t>>> found;
  for (const Score& score : federation.witness.scores)
    if (score.client == any && score.domain == any && score.label == any && score.task != task::zero_shot)
      found[{score.task + " " + score.metric, score.scope}].insert({score.value, score.count});
  ASSERT_EQ(found.size(), 8u);
  for (const auto& [what, scores] : found) {
    EXPECT_EQ(scores.size(), 1u) << what.first;
    EXPECT_EQ(scores, (found[{what.first, scope::frozen}])) << what.first;
  }
}

TEST_F(Encoders, are_judged_the_same_on_any_number_of_ranks) {
  Federation together(at::kCPU, std::make_shared<Encoding>(false)), single(at::kCPU, std::make_shared<Encoding>(false));
  set(together), set(single);
  EXPECT_EQ(together.run(*communicator), Ending::finished);
  EXPECT_EQ(single.run(alone), Ending::finished);
  expect_same(*communicator, together, single);
}

TEST_F(Encoders, whose_images_are_of_one_class_cannot_be_judged_by_a_probe) {
  Federation federation(at::kCPU, std::make_shared<Encoding>(false));
  set(federation);
  federation.labels.zero_();
  const Labelled one{{federation.labels.const_data_ptr<std::int64_t>(), 600},
                     {federation.domains.const_data_ptr<std::int64_t>(), 600},
                     1,
                     2};
  const auto assembled = [&] { assemble(federation.experiment, one, federation.trained, at::kCPU); };
  EXPECT_THAT(sentence(assembled), testing::HasSubstr("all images of the data are of one: take data with labels"));
  federation.experiment.evaluation.linear_probe = federation.experiment.evaluation.neighbours = false;
  EXPECT_NO_THROW(assembled());
}

}  // namespace
}  // namespace fedorbit
