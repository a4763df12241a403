// The server's half of FedSense in whole rounds: what it sees of clients' decoded models, on any number of ranks and
// after a kill, and what it cannot do with.
#include <gmock/gmock.h>

#include <set>

#include "algorithms/registry.hpp"
#include "federation/memory_check.hpp"
#include "federation/simulations.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

/// Logits are its features, too.
class Seeing final : public toy::Learner, public Encoder {
 public:
  Encoder* encoder() override { return this; }
  Tensor encode(const Parameters& parameters, const Batch& batch) override {
    EXPECT_FALSE(batch.labels.defined());
    EXPECT_EQ(parameters.clients(), 1) << "one model after the other";
    return scored(parameters, batch.features, false);
  }
  fedorbit::Encoding encoding(const Parameters& parameters, Scope scope) override {
    EXPECT_EQ(scope, Scope::global);
    return [this, &parameters](const Batch& batch) { return encode(parameters, batch); };
  }
  Needs needs_to_encode() const override { return {}; }
  std::int64_t width() const override { return toy::classes; }
};

/// FedSense, and what it was given of each cohort.
class Watched final : public Strategy {
 public:
  explicit Watched(const Experiment& experiment) : inner_(make_strategy("fedsense", experiment.strategy)) {}
  std::vector<Sums> sums;
  Lengths memories(const Layout& layout) const override { return inner_->memories(layout); }
  Extras extras(const Layout& layout) const override { return inner_->extras(layout); }
  Tensor gradient(const GradientAt& at, const Tensor& w, Turn& turn) override { return inner_->gradient(at, w, turn); }
  Upload upload(const Tensor& update, Turn& turn) override { return inner_->upload(update, turn); }
  PublicBatches public_batches() const override { return inner_->public_batches(); }
  Named inspect(const Tensor& shared, fedorbit::Learner& learner, std::span<const Batch> images) const override {
    return inner_->inspect(shared, learner, images);
  }
  void aggregate(Server& server, const Sums& of_cohort) override {
    sums.push_back(of_cohort);
    inner_->aggregate(server, of_cohort);
  }
  Tensor train_server(const Server& server, const Sums& of_cohort, fedorbit::Learner& learner,
                      std::span<const Batch> images) const override {
    return inner_->train_server(server, of_cohort, learner, images);
  }

 private:
  std::unique_ptr<Strategy> inner_;
};

constexpr std::int64_t batches = 3, size = 8;

struct Distilling : Federation {
  explicit Distilling(const std::vector<std::string>& options = {}) : Federation(at::kCPU, std::make_shared<Seeing>()) {
    for (const char* option :
         {"method.strategy=fedsense", "partition.public_images=30", "fedsense.distillation.steps=5",
          "fedsense.distillation.batch_size=8", "fedsense.distillation.batches=3",
          "fedsense.distillation.temperature=0.5", "fedsense.distillation.learning_rate=0.3"})
      OptionList::of(experiment).set(option);
    for (const std::string& option : options) OptionList::of(experiment).set(option);
  }
};

const std::vector<std::string> one_bit{"upload.codec=uniform", "upload.uniform.bits=1"};

struct Distillation : Simulations {};

/// (batches, size, size - 1) of a model (P): softmax of cosines over the others.
Tensor plainly_seen(const Tensor& model, const std::vector<Batch>& images) {
  const Tensor W = model.narrow(0, 0, 12).view({3, 4}).to(at::kDouble) * model[12].to(at::kDouble).exp();
  std::vector<Tensor> rows;
  for (const Batch& batch : images) {
    const Tensor features = at::matmul(batch.features[0].to(at::kDouble), W.t());
    for (std::int64_t i = 0; i < size; ++i) {
      std::vector<Tensor> others;
      for (std::int64_t j = 0; j < size; ++j)
        if (j != i)
          others.push_back(at::dot(features[i], features[j]) / (features[i].norm() * features[j].norm() * 0.5));
      rows.push_back(at::softmax(at::stack(others), 0));
    }
  }
  return at::stack(rows).view({batches, size, size - 1});
}

TEST_F(Distillation, sees_the_weighted_mean_of_what_the_models_see_that_it_decoded) {
  Tensor first;
  for (const auto& codec : {std::vector<std::string>{}, one_bit}) {
    Distilling federation(codec);
    federation.experiment.training.rounds = 1;
    federation.experiment.training.participation = 1;
    const auto watched = std::make_shared<Watched>(federation.experiment);
    federation.strategy = watched;
    Simulation simulation = federation.simulation(*communicator);
    const Server before = simulation.server();
    federation.finish(simulation);
    ASSERT_EQ(watched->sums.size(), 1u);
    const Tensor found = watched->sums[0].extras.at("similarity").view({batches, size, size - 1});

    const std::vector<Batch>& images = federation.workshop->public_images;
    ASSERT_EQ(images.size(), std::size_t(batches));
    Tensor expected = at::zeros({batches, size, size - 1}, at::kDouble);
    double weight = 0;
    for (ClientId client = 0; client < 11; ++client) {
      const TurnOutcome turn = toy::turn_of(*federation.workshop, before, {client});
      expected += double(turn.weights[0]) * plainly_seen(before.global + turn.upload.update[0], images);
      weight += double(turn.weights[0]);
    }
    EXPECT_LT(relative(found.to(at::kDouble), expected / weight), 1e-5);
    if (first.defined()) {
      EXPECT_GT(relative(found, first), 1e-3) << "one bit loses something, and the server sees that";
    }
    first = found;
  }
}

TEST_F(Distillation, is_the_same_on_any_number_of_ranks) {
  for (const auto& codec : {std::vector<std::string>{"training.group_size=3"},
                            {"upload.codec=uniform", "upload.uniform.bits=1", "upload.error_feedback=true"}}) {
    Distilling together(codec), single(codec);
    EXPECT_EQ(together.run(*communicator), Ending::finished);
    EXPECT_EQ(single.run(alone), Ending::finished);
    expect_same(*communicator, together, single);
  }
}

TEST_F(Distillation, moves_the_server_and_sends_not_a_byte) {
  Distilling distilling, plain({"fedsense.distillation.steps=0"});
  distilling.run(*communicator), plain.run(*communicator);
  EXPECT_FALSE(at::equal(distilling.global, plain.global));
  if (!communicator->root()) return;
  ASSERT_EQ(distilling.witness.rounds.size(), plain.witness.rounds.size());
  for (std::size_t r = 0; r < plain.witness.rounds.size(); ++r)
    for (std::size_t i = 0; i < plain.witness.rounds[r].turns.size(); ++i) {
      const TurnRecord &with = distilling.witness.rounds[r].turns[i], &without = plain.witness.rounds[r].turns[i];
      EXPECT_EQ(with.client, without.client);
      EXPECT_EQ(with.upload, without.upload);
      EXPECT_EQ(with.download, without.download);
    }
}

TEST_F(Distillation, goes_on_after_a_kill_to_the_same_numbers) {
  Distilling whole(one_bit), first(one_bit), second(one_bit);
  whole.run(alone);
  first.learner.watch = [&](const Turn& turn) {
    if (turn.round == 3) first.signal = SIGTERM;
  };
  EXPECT_EQ(first.run(alone), Ending::interrupted);
  Simulation simulation = second.simulation(*communicator);
  simulation.restore(first.saved.at(0));
  EXPECT_EQ(second.finish(simulation), Ending::finished);
  EXPECT_TRUE(at::equal(second.global, whole.global));
}

TEST_F(Distillation, sees_nothing_of_clients_that_are_dropped) {
  Distilling together, single;
  for (Distilling* federation : {&together, &single}) {
    federation->learner.spoil(3, 0);
    federation->experiment.training.nonfinite = "drop";
    federation->experiment.training.participation = 1;
  }
  together.run(*communicator), single.run(alone);
  EXPECT_TRUE(at::equal(together.global, single.global));
  EXPECT_TRUE(together.global.isfinite().all().item<bool>());
}

TEST_F(Distillation, looks_at_the_same_images_in_all_rounds_which_no_client_has) {
  Distilling federation;
  federation.run(alone);
  const Shard& pools = federation.parts.partition->pools();
  EXPECT_EQ(pools.public_images.size(), 30u);
  std::set<std::int64_t> seen;
  for (const Batch& batch : federation.workshop->public_images)
    for (const Tensor& image : batch.features[0].unbind()) {
      const Tensor places = (federation.features.features == image).all(1).nonzero();
      ASSERT_EQ(places.numel(), 1);
      seen.insert(places.item<std::int64_t>());
    }
  EXPECT_EQ(seen.size(), std::size_t(batches * size)) << "no image twice";
  for (const std::int64_t image : seen) EXPECT_TRUE(std::ranges::binary_search(pools.public_images, image));
  for (ClientId client = 0; client < 11; ++client) {
    const Shard shard = federation.parts.partition->shard(client);
    for (const auto* side : {&shard.train, &shard.test})
      for (const std::int64_t image : *side) EXPECT_FALSE(seen.contains(image)) << "client " << client;
  }
}

TEST_F(Distillation, takes_memory_that_is_known_before) {
  Distilling distilling, plain({"fedsense.distillation.steps=0"});
  distilling.simulation(alone), plain.simulation(alone);
  const double weights = toy::classes * toy::width + 1, seen = batches * size * (size - 1);
  EXPECT_EQ(memory_uses(*distilling.workshop, 1).back().fixed - memory_uses(*plain.workshop, 1).back().fixed,
            sizeof(float) * (seen + weights + toy::classes + 3 * weights))
      << "what was seen, a model with a client's own tensors, its gradient and two numbers for each of its weights";
}

TEST_F(Distillation, is_refused_where_the_server_has_nothing_to_distil_with) {
  const auto refusal = [&](std::vector<std::string> options, std::shared_ptr<toy::Learner> learner = nullptr) {
    Distilling federation(options);
    if (learner) federation.trained = learner;
    return sentence([&] { federation.simulation(alone); });
  };
  using testing::HasSubstr;
  EXPECT_THAT(refusal({"partition.public_images=0"}), HasSubstr("and there are none; name a data set of them with "
                                                                "data.public"));
  EXPECT_THAT(refusal({"partition.public_images=20"}),
              HasSubstr("takes 3 batches of 8 public images, and what [partition] "
                        "sets aside has 20"));
  EXPECT_THAT(refusal({}, std::make_shared<toy::Learner>()), HasSubstr("is no encoder"));
  EXPECT_THAT(refusal({"method.personal=*"}),
              HasSubstr("with method.personal = \"*\" the server has no whole encoder"));
  EXPECT_THAT(refusal({"data.public=other.h5"}), HasSubstr("data.public = other.h5 and 30 public images"));
  EXPECT_EQ(refusal({"partition.public_images=0", "fedsense.distillation.steps=0"}), "(none)");
}

}  // namespace
}  // namespace fedorbit
