// What FedSense's server sees of its clients' encoders and distils, against what PyTorch computes in float64.
#include "algorithms/strategies/fedsense.hpp"

#include "algorithms/group.hpp"
#include "algorithms/losses/similarity.hpp"

namespace fedorbit {
namespace {

/// x -> W x, with a tensor behind it that features do not see, and a statistic.
class LinearEncoder final : public Learner, public Encoder {
 public:
  explicit LinearEncoder(const Tensor& like) {
    layout_.add({.name = "weight", .shape = like.sizes().vec()});
    layout_.add({.name = "behind", .shape = {2}});
    layout_.add({.name = "mean", .shape = {1}, .trained = false, .decayed = false, .role = Role::statistic});
  }
  const Layout& layout() const override { return layout_; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override {}
  Tensor loss(const Parameters&, const Batch&, Turn&) override { return {}; }
  std::int64_t usual_group(const at::Device&) const override { return 1; }
  Encoder* encoder() override { return this; }
  Tensor encode(const Parameters& parameters, const Batch& batch) override {
    return at::matmul(batch.features, parameters["weight"].transpose(1, 2));
  }
  Encoding encoding(const Parameters& parameters, Scope) override {
    return [this, &parameters](const Batch& batch) { return encode(parameters, batch); };
  }
  Needs needs_to_encode() const override { return {}; }
  std::int64_t width() const override { return 3; }

 private:
  Layout layout_;
};

struct FedSenseGolden : testing::Test {
  NamedTensors values = read_safetensors(golden / "fedsense.safetensors").tensors;
  LinearEncoder learner{values.at("start")};
  std::vector<Batch> images = batches_of(values.at("images"));

  static std::vector<Batch> batches_of(const Tensor& images) {
    std::vector<Batch> batches;
    for (const Tensor& of_batch : images.unbind()) {
      Batch& batch = batches.emplace_back();
      batch.features = of_batch.unsqueeze(0);
      batch.present = at::ones({1, of_batch.size(0)});
    }
    return batches;
  }
  static Tensor shared(const Tensor& weight) { return at::cat({weight.flatten(), at::tensor({5.0f, -6.0f, 7.0f})}); }
  /// With the options of the script.
  static FedSense strategy(const std::string& optimiser) {
    FedSenseOptions options;
    options.distillation = {.steps = 7, .batch_size = 5, .batches = 2, .temperature = 0.3};
    options.distillation.optimiser = optimiser;
    options.distillation.learning_rate = optimiser == "sgd" ? 0.2 : 0.05;
    options.distillation.momentum = 0.8;
    return FedSense(options);
  }
};

TEST_F(FedSenseGolden, divergence_and_its_gradient_are_those_of_pytorch) {
  const Tensor features = values.at("features").clone().requires_grad_();
  const Tensor loss = similarity_divergence(values.at("wanted")[0], features, 0.3);
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), values.at("loss").item<double>(), 1e-4 * values.at("loss").item<double>());
  EXPECT_LT(relative(features.grad(), values.at("gradient")), 1e-4);
}

TEST_F(FedSenseGolden, server_sees_of_a_client_how_alike_its_encoder_finds_the_images_of_each_batch) {
  const FedSense sense = strategy("sgd");
  const Tensor clients = values.at("clients");
  for (std::int64_t k = 0; k < clients.size(0); ++k) {
    const auto seen = sense.inspect(shared(clients[k]), learner, images);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen.at("similarity").numel(), sense.extras(learner.layout()).at("similarity").length);
    EXPECT_LT(relative(seen.at("similarity"), values.at("seen")[k].flatten()), 1e-4) << "client " << k;
  }
}

TEST_F(FedSenseGolden, server_takes_the_steps_of_pytorchs_optimisers_with_its_encoder_alone) {
  for (const std::string optimiser : {"sgd", "adam"}) {
    const Tensor before = shared(values.at("start"));
    const Server server{before.narrow(0, 0, 14), {}, 3, before.narrow(0, 14, 1)};
    const Sums sums{at::zeros({14}), 8, 3, {{"similarity", values.at("wanted").flatten()}}, 3};
    const Tensor after = strategy(optimiser).train_server(server, sums, learner, images);
    ASSERT_EQ(after.sizes(), (at::IntArrayRef{14})) << "weights alone";
    const Tensor start = values.at("start").flatten();
    EXPECT_LT(relative(after.narrow(0, 0, 12) - start, values.at(optimiser).flatten() - start), 1e-4) << optimiser;
    EXPECT_TRUE(at::equal(after.narrow(0, 12, 2), before.narrow(0, 12, 2))) << "what stands behind features moved";
    EXPECT_TRUE(at::equal(server.parameters(), before)) << "in place";
  }
}

TEST_F(FedSenseGolden, steps_that_go_nowhere_finite_are_refused) {
  const Tensor start = shared(values.at("start") * INFINITY);
  const Server server{start.narrow(0, 0, 14), {}, 3, start.narrow(0, 14, 1)};
  const Sums sums{at::zeros({14}), 8, 3, {{"similarity", values.at("wanted").flatten()}}, 3};
  EXPECT_THAT(sentence([&] { strategy("sgd").train_server(server, sums, learner, images); }),
              testing::HasSubstr("the server's distillation in round 3 came to a loss of "));
}

TEST(FedSense, without_distillation_is_the_strategy_of_its_flatness) {
  for (const auto& [flatness, name] : {std::pair{"lesam", "fedlesam"}, {"sam", "fedsam"}, {"none", "fedavg"}}) {
    const auto sense =
        make_strategy("fedsense", with<StrategyOptions>({text("fedsense.flatness=", flatness),
                                                         "fedsense.distillation.steps=0", "fedsense.rho=0.3"}));
    const auto other =
        make_strategy(name, with<StrategyOptions>(flatness == std::string("none")
                                                      ? std::vector<std::string>{}
                                                      : std::vector<std::string>{text(name, ".rho=0.3")}));
    Layout layout;
    layout.add({.name = "w", .shape = {6}});
    EXPECT_EQ(sense->memories(layout), other->memories(layout)) << flatness;
    EXPECT_TRUE(sense->extras(layout).empty());
    EXPECT_EQ(sense->public_batches().count, 0);
    EXPECT_TRUE(sense->takes_stale_updates());
    EXPECT_EQ(sense->replayable(), other->replayable());
    const std::vector<ClientId> ids{1, 2};
    std::vector<Tensor> directions;
    for (Strategy* strategy : {sense.get(), other.get()}) {
      Memory memory(2, strategy->memories(layout));
      Diagnostics diagnostics({}, 2);
      Turn turn{1, 0, ids, layout, normal({2, 6}, 1, 0), memory, diagnostics, Keys(1)};
      for (int visit = 0; visit < 2; ++visit) {
        turn.start = normal({2, 6}, 1, std::uint64_t(visit));
        directions.push_back(strategy->gradient([](const Tensor& w) { return 3 * w * w + 1; }, turn.start, turn));
        strategy->upload(turn.start, turn);
      }
    }
    EXPECT_TRUE(at::equal(directions[1], directions[3])) << flatness;
    EXPECT_TRUE(at::equal(directions[0], directions[2])) << flatness;
  }
}

TEST(FedSense, that_distils_wants_whole_cohorts_and_sends_nothing_more) {
  const auto sense = make_strategy("fedsense", {});
  EXPECT_FALSE(sense->takes_stale_updates());
  EXPECT_FALSE(sense->extras({}).at("similarity").sent);
}

class EveryEncoder : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(all, EveryEncoder, testing::ValuesIn(learner_names()),
                         [](const auto& info) { return info.param; });

TEST_P(EveryEncoder, gives_the_same_features_with_and_without_a_gradient) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip)) {
    if (!learner->encoder()) continue;
    ClientGroup group(*learner, {3, 5}, 6);
    group.batch.present = at::ones({2, 6});
    group.batch.images = group.batch.images.narrow(1, 0, 1);
    const Tensor before = group.parameters.flat(Owner::shared).clone();
    const Tensor plain = learner->encoder()->encoding(group.parameters, Scope::global)(group.batch);
    const Tensor features = learner->encoder()->encode(group.parameters, group.batch);
    EXPECT_FALSE(plain.requires_grad());
    EXPECT_LT(relative(features.detach(), plain), 1e-5);
    group.parameters.zero_gradient();
    features.square().sum().backward();
    EXPECT_GT(group.parameters.gradient(Owner::shared).abs().max().item<float>(), 0);
    EXPECT_TRUE(at::equal(group.parameters.flat(Owner::shared), before)) << "statistics, too";
  }
}

/// Of a whole network: its batch norms' running statistics are read, and it comes nearer to what was wanted.
TEST(Distillation, brings_what_a_network_sees_nearer_to_what_others_did) {
  const Clip clip = random_clip();
  DistillationOptions options{.steps = 8, .batch_size = 6, .batches = 2};
  options.optimiser = "adam";
  for (const char* shape : {"architecture=resnet18", "architecture=vit_tiny_patch16"}) {
    const auto learner =
        make_learner("simsiam",
                     with<LearnerOptions>({text("simsiam.", shape), "simsiam.width=16", "simsiam.image_size=32",
                                           "simsiam.projection=12", "simsiam.prediction=5"}),
                     whole_material(clip));
    Parameters beginning(learner->layout(), 1), other(learner->layout(), 1);
    const ClientId nobody = 0;
    learner->initialise(beginning, Owner::shared, {&nobody, 1}, Keys(1));
    learner->initialise(other, Owner::shared, {&nobody, 1}, Keys(2));
    std::vector<Batch> images;
    const std::int64_t side = learner->needs().image_size;
    for (std::uint64_t b = 0; b < 2; ++b) {
      Batch& batch = images.emplace_back();
      batch.images = normal({1, 1, 6, 3, side, side}, 30, b);
      batch.present = at::ones({1, 6});
    }
    const SimilarityDistillation distillation(options);
    const Tensor wanted = distillation.seen_by(other.flat(Owner::shared)[0], *learner, images);
    Server server{beginning.weights(Owner::shared)[0].clone(), {}, 0};
    if (learner->layout().statistics(Owner::shared) > 0)
      server.statistics = beginning.statistics(Owner::shared)[0].clone();
    const auto divergence = [&] {
      const Tensor seen = distillation.seen_by(server.parameters(), *learner, images);
      return (wanted * (wanted / seen).log()).sum().item<double>();
    };
    const double before = divergence();
    server.global = distillation.distilled(server, wanted, *learner, images);
    EXPECT_LT(divergence(), before) << shape;
  }
}

}  // namespace
}  // namespace fedorbit
