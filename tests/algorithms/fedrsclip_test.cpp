// FedRSCLIP and PromptFL against PyTorch, open_clip and POT in float64 (tests/golden/make_fedrsclip.py).
#include "algorithms/group.hpp"
#include "algorithms/losses/transport.hpp"

namespace fedorbit {
namespace {

const NamedTensors& expected() {
  static const NamedTensors tensors = read_safetensors(golden / "fedrsclip.safetensors").tensors;
  return tensors;
}

const std::vector<std::string> names{"Runway", "river-bm", "air", "air_runway"};

/// The golden clients, with a learner whose transport runs as far as float32 goes.
struct Golden {
  std::unique_ptr<Learner> learner;
  std::vector<ClientId> clients{0, 1, 2};
  Batch batch{{},
              expected().at("features"),
              expected().at("patches"),
              expected().at("labels"),
              expected().at("present"),
              at::ones({3})};

  /// `changed`: options of dual_prompt.
  explicit Golden(const std::string& name, const std::vector<std::string>& changed = {}) {
    std::vector<std::string> assignments{"prompt.context=3"};
    for (const char* common : {"context=3", "alpha=0.7", "beta=1.3", "scale=5", "tolerance=1e-7", "max_iterations=500"})
      assignments.push_back(text("dual_prompt.", common));
    for (const std::string& change : changed) assignments.push_back("dual_prompt." + change);
    learner = make_learner(name, with<LearnerOptions>(assignments), material_of(golden_clip(), names));
  }

  Parameters parameters() const {
    Parameters out(learner->layout(), 3);
    out.flat(Owner::shared).copy_(expected().at("shared").flatten(1));
    if (learner->layout().size(Owner::personal)) out.flat(Owner::personal).copy_(expected().at("private").flatten(1));
    return out;
  }
};

struct Case {
  std::string name;
  std::vector<std::string> changed;
};
void PrintTo(const Case& example, std::ostream* out) { *out << example.name; }

class FedRsclipReference : public testing::TestWithParam<Case> {};

TEST_P(FedRsclipReference, equals_the_reference_in_every_term_and_every_gradient) {
  const std::string prefix = GetParam().name + ".";
  Golden golden("dual_prompt", GetParam().changed);
  Parameters parameters = golden.parameters();
  Memory memory(3, {});
  Diagnostics diagnostics(golden.learner->diagnostics(), 3);
  Turn turn{0, 0, golden.clients, golden.learner->layout(), {}, memory, diagnostics, Keys(1)};
  const Tensor loss = golden.learner->loss(parameters, golden.batch, turn);
  parameters.zero_gradient();
  loss.sum().backward();
  const Tensor shared = parameters.gradient(Owner::shared).view({3, 3, 16});
  const Tensor personal = parameters.gradient(Owner::personal).view({3, 3, 16});
  for (std::int64_t k = 0; k < 3; ++k) {
    EXPECT_LT(relative(loss[k].detach(), expected().at(prefix + "loss")[k]), 1e-4) << "client " << k;
    EXPECT_LT(relative(shared[k], expected().at(prefix + "shared")[k]), 1e-4) << "client " << k;
    EXPECT_LT(relative(personal[k], expected().at(prefix + "private")[k]), 1e-4) << "client " << k;
  }
  for (const char* term : {"cross_entropy", "alignment", "transport_cost"}) {
    const auto column = std::ranges::find(diagnostics.names(), term) - diagnostics.names().begin();
    const Tensor seen = diagnostics.means().select(1, column);
    if (term == std::string("transport_cost") && expected().at(prefix + term).abs().max().item<double>() == 0)
      EXPECT_TRUE(seen.isnan().all().item<bool>());
    else
      EXPECT_LT(relative(seen, expected().at(prefix + term).to(at::kDouble)), 1e-4) << term;
  }
}

TEST_P(FedRsclipReference, labels_with_both_prompts_as_the_reference_does) {
  Golden golden("dual_prompt", GetParam().changed);
  const at::NoGradGuard no_gradient;
  const Tensor logits = golden.learner->classifier()->scorer(golden.parameters(), Scope::personal)(golden.batch);
  EXPECT_LT(relative(logits, expected().at(GetParam().name + ".logits")), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(all, FedRsclipReference,
                         testing::Values(Case{"patch", {}}, Case{"batch", {"transport=batch"}},
                                         Case{"none", {"transport=none"}}, Case{"score", {"transport_score=true"}},
                                         Case{"score_none", {"transport_score=true", "transport=none"}},
                                         Case{"cosine", {"alignment=cosine"}},
                                         Case{"stop", {"stop_shared_gradient=true"}},
                                         Case{"cosine_stop", {"alignment=cosine", "stop_shared_gradient=true"}},
                                         Case{"joined_patch", {"reading=joined"}},
                                         Case{"joined_batch", {"reading=joined", "transport=batch"}},
                                         Case{"joined_score", {"reading=joined", "transport_score=true"}},
                                         Case{"joined_stop", {"reading=joined", "stop_shared_gradient=true"}}),
                         [](const auto& info) { return info.param.name; });

TEST(FedRsclip, seen_by_the_server_labels_with_the_shared_prompt_alone) {
  for (const char* reading : {"separate", "joined"}) {
    Golden golden("dual_prompt", {text("reading=", reading)});
    const at::NoGradGuard no_gradient;
    const Tensor logits = golden.learner->classifier()->scorer(golden.parameters(), Scope::global)(golden.batch);
    EXPECT_LT(relative(logits, expected().at("promptfl.logits")), 1e-4) << reading;
  }
}

TEST(PromptFl, equals_the_reference_in_loss_gradient_and_logits) {
  Golden golden("prompt");
  Parameters parameters = golden.parameters();
  Memory memory(3, {});
  Diagnostics diagnostics(golden.learner->diagnostics(), 3);
  Turn turn{0, 0, golden.clients, golden.learner->layout(), {}, memory, diagnostics, Keys(1)};
  const Tensor loss = golden.learner->loss(parameters, golden.batch, turn);
  parameters.zero_gradient();
  loss.sum().backward();
  const Tensor gradient = parameters.gradient(Owner::shared).view({3, 3, 16});
  for (std::int64_t k = 0; k < 3; ++k) {
    EXPECT_LT(relative(loss[k].detach(), expected().at("promptfl.loss")[k]), 1e-4);
    EXPECT_LT(relative(gradient[k], expected().at("promptfl.shared")[k]), 1e-4);
  }
  const at::NoGradGuard no_gradient;
  for (const Scope scope : {Scope::global, Scope::personal})
    EXPECT_LT(relative(golden.learner->classifier()->scorer(parameters, scope)(golden.batch),
                       expected().at("promptfl.logits")),
              1e-4);
}

TEST(FedRsclip, sends_2048_numbers_at_width_512_and_four_tokens) {
  Clip clip = golden_clip();
  clip.config.text.width = 512;
  clip.config.text.heads = 8;
  clip.config.text.mlp_width = 2048;
  clip.tensors = initialise_clip(clip.config, Keys(5).stream(Purpose::test));
  const auto learner = make_learner("dual_prompt", {}, material_of(clip, names));
  EXPECT_EQ(learner->layout().size(Owner::shared), 2048);
  EXPECT_EQ(learner->layout().size(Owner::personal), 2048);
  EXPECT_EQ(make_codec({})
                ->encode(at::zeros({2048}), {learner->layout(), weights_message, 0, 0, Direction::upload, Keys(1)})
                .size(),
            8192u);
}

}  // namespace
}  // namespace fedorbit
