// FedCLIP against PyTorch's modules in float64 (tests/golden/make_fedclip.py).
#include "algorithms/group.hpp"
#include "algorithms/optimiser.hpp"

namespace fedorbit {
namespace {

struct FedClip : testing::Test {
  NamedTensors expected = read_safetensors(golden / "fedclip.safetensors").tensors;
  const std::int64_t clients = 3, width = 16;
  std::vector<ClientId> ids{0, 1, 2};
  Material material{.class_names = class_names, .width = width, .texts = [this] { return expected.at("texts"); }};

  std::unique_ptr<Learner> learner(const std::vector<std::string>& options = {}) const {
    return make_learner("fedclip", with<LearnerOptions>(options), material);
  }
  Parameters parameters(const Learner& learner) const {
    Parameters out(learner.layout(), clients);
    out.flat(Owner::shared).copy_(expected.at("shared"));
    return out;
  }
  Batch batch(std::int64_t step, bool whole) const {
    const Tensor present = expected.at("present");
    return {{},
            expected.at("features")[step],
            {},
            expected.at("labels")[step],
            whole ? at::ones_like(present) : present,
            at::ones({clients})};
  }
  Tensor gradient_of(Learner& learner, Parameters& parameters, const Batch& batch, Tensor* loss = nullptr) {
    Memory memory(clients, {});
    Diagnostics diagnostics({}, clients);
    Turn turn{0, 0, ids, learner.layout(), {}, memory, diagnostics, Keys(1)};
    parameters.zero_gradient();
    const Tensor losses = learner.loss(parameters, batch, turn);
    losses.sum().backward();
    if (loss) *loss = losses.detach();
    return parameters.gradient(Owner::shared);
  }
};

TEST_F(FedClip, equals_its_authors_formulas_in_loss_gradient_and_logits) {
  for (const char* objective : {"contrastive", "classes"}) {
    const auto made = learner({text("fedclip.objective=", objective)});
    Parameters all = parameters(*made);
    Tensor loss;
    const Tensor gradient = gradient_of(*made, all, batch(0, false), &loss);
    for (std::int64_t k = 0; k < clients; ++k) {
      const bool alone = k == 2 && objective == std::string("contrastive");  // its one image has no other
      if (alone) {
        EXPECT_EQ(loss[k].item<float>(), 0);
        EXPECT_EQ(gradient[k].abs().max().item<float>(), 0);
        continue;
      }
      EXPECT_LT(relative(loss[k], expected.at(text(objective, ".loss"))[k]), 1e-4) << objective << k;
      EXPECT_LT(relative(gradient[k], expected.at(text(objective, ".gradient"))[k]), 1e-4) << objective << k;
    }
    const at::NoGradGuard no_gradient;
    for (const Scope scope : {Scope::global, Scope::personal})
      EXPECT_LT(relative(made->classifier()->scorer(all, scope)(batch(0, false)), expected.at("logits")), 1e-4);
  }
}

TEST_F(FedClip, takes_the_local_steps_of_its_authors_optimiser) {
  const auto made = learner();
  Parameters all = parameters(*made);
  OptimiserOptions options{.kind = "adam", .weight_decay = 0.2, .beta2 = 0.98, .epsilon = 1e-6};
  const auto optimiser = make_optimiser(options, made->layout(), Owner::shared, clients, at::kCPU);
  optimiser->begin_turn(5e-5);
  for (std::int64_t step = 0; step < expected.at("features").size(0); ++step) {
    const Tensor gradient = gradient_of(*made, all, batch(step, true));
    const at::NoGradGuard no_gradient;
    optimiser->step(all.flat(Owner::shared), gradient, at::ones({clients}));
  }
  const Tensor start = expected.at("shared");
  EXPECT_LT(relative(all.flat(Owner::shared) - start, expected.at("trained") - start), 2e-3);  // differences of 2e-4
  EXPECT_LT(relative(all.flat(Owner::shared), expected.at("trained")), 1e-6);
}

TEST_F(FedClip, starts_as_pytorch_starts_a_linear) {
  material.width = 512;
  material.texts = [] { return at::ones({5, 512}); };
  const auto made = learner();
  Parameters all(made->layout(), 1);
  made->initialise(all, Owner::shared, std::vector<ClientId>{0}, Keys(1));
  const Tensor values = all.flat(Owner::shared);
  const double bound = 1 / std::sqrt(512.0);
  EXPECT_LE(values.abs().max().item<double>(), bound);
  EXPECT_GT(values.abs().max().item<double>(), 0.999 * bound);
  EXPECT_NEAR(values.mean().item<double>(), 0, 0.001 * bound);
  EXPECT_NEAR(values.std().item<double>(), bound / std::sqrt(3.0), 0.001 * bound);
}

TEST_F(FedClip, sends_525312_numbers_at_width_512) {
  material.width = 512;
  const auto made = learner();
  EXPECT_EQ(made->layout().size(Owner::shared), 525312);
  EXPECT_EQ(made->layout().size(Owner::personal), 0);
}

TEST_F(FedClip, is_refused_in_a_sentence_where_no_texts_say_what_classes_are) {
  material.texts = nullptr;
  EXPECT_THAT(sentence([&] { learner(); }),
              testing::HasSubstr("text features of the classes, of which there are none."));
}

}  // namespace
}  // namespace fedorbit
