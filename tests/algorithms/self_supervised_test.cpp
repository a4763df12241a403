// Learners without labels against PyTorch in float64 (tests/golden/make_self_supervised.py), and what their steps
// leave.
#include <ATen/Parallel.h>

#include "algorithms/group.hpp"
#include "model/checkpoints/embedded.hpp"

namespace fedorbit {
namespace {

const NamedTensors& expected() {
  static const NamedTensors tensors = read_safetensors(golden / "self_supervised.safetensors").tensors;
  return tensors;
}

/// What the golden values of a case say under a heading: names without it.
NamedTensors under(const std::string& heading) {
  NamedTensors out;
  for (const auto& [key, values] : expected())
    if (key.starts_with(heading)) out[key.substr(heading.size())] = values;
  return out;
}

std::unique_ptr<Learner> made(const std::string& name, std::vector<std::string> options) {
  for (std::string& option : options) option = name + "." + option;
  return make_learner(name, with<LearnerOptions>(options), Material{.class_names = {"only"}});
}

/// One client of a learner, two views of the golden images of its size, and a step.
struct Held {
  explicit Held(std::unique_ptr<Learner> of)
      : learner(std::move(of)),
        parameters(learner->layout(), 1),
        memory(1, {}),
        diagnostics(learner->diagnostics(), 1) {
    for (const Owner owner : owners) learner->initialise(parameters, owner, clients, Keys(1));
    static const Tensor golden_images = read_safetensors(golden / "networks/expected.safetensors").tensors.at("images");
    const std::int64_t times = learner->needs().image_size / 32;
    const Tensor images = golden_images.repeat_interleave(times, 2).repeat_interleave(times, 3);
    batch.images = at::stack({images, 0.9 * images.flip({3}) + 0.1}).unsqueeze(0);
    batch.places = at::arange(10, 10 + images.size(0)).unsqueeze(0);
    batch.present = at::ones({1, images.size(0)});
    batch.active = turn.active = at::ones({1});
  }
  void take(const NamedTensors& values) {
    for (const auto& [name, tensor] : values) parameters[name].detach()[0].copy_(tensor);
  }
  double step() {
    parameters.zero_gradient();
    const Tensor loss = learner->loss(parameters, batch, turn).sum();
    loss.backward();
    const at::NoGradGuard no_gradient;
    learner->after_step(parameters, turn);
    return loss.item<double>();
  }
  Tensor value(const std::string& name) const { return parameters[name].detach()[0]; }
  Tensor gradient(const std::string& name) const {
    const Entry& entry = learner->layout().entry(name);
    return Layout::view(parameters.gradient(entry.owner)[0], entry);
  }

  std::unique_ptr<Learner> learner;
  std::vector<ClientId> clients{3};
  Parameters parameters;
  Memory memory;
  Diagnostics diagnostics;
  Turn turn{0, 0, clients, learner->layout(), {}, memory, diagnostics, Keys(1)};
  Batch batch;
};

const std::vector<std::string> residual{"architecture=resnet18", "width=4", "image_size=64"};

/// The weights of a network of the golden file.
std::string weights(const std::string& name) {
  return (golden / "networks" / (name == "vit" ? "vit_timm.safetensors" : name + ".pth")).string();
}

/// Its options.
std::vector<std::string> network(const std::string& name) {
  std::vector<std::string> options{
      "architecture=vit_tiny_patch16",
      "width=16",
      "depth=2",
      "image_size=32",
  };
  if (name != "vit") options = residual;
  if (name == "resnet18_group") options.push_back("norm=group");
  options.push_back("weights=" + weights(name));
  return options;
}

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const std::map<std::string, std::vector<std::string>> sizes{
    {"simsiam", {"projection=8", "prediction=4"}},
    {"byol", {"hidden=12", "projection=8", "momentum=0.9"}},
    {"moco", {"queue=9", "projection=8", "momentum=0.9"}},
    {"simmim", {"hidden=0.5"}},
    {"simsiamaligned", {"projection=8", "prediction=4", "alignment=0.5"}},
    {"simsiampublic", {"projection=8", "prediction=4", "alignment=0.5", "aligned_size=32"}},
    {"simmimaligned", {"hidden=0.5", "alignment=0.5"}},
    {"maepublic", {"hidden=0.5", "decoder_width=8", "decoder_depth=2", "alignment=0.5"}},
    {"mae", {"hidden=0.5", "decoder_width=8", "decoder_depth=2"}}};

/// learner.network of the golden file.
class SelfSupervisedReference : public testing::TestWithParam<std::string> {};

TEST_P(SelfSupervisedReference, equals_pytorch_in_loss_gradients_and_what_a_step_leaves) {
  const std::string example = GetParam(), variant = example.substr(0, example.find('.')),
                    name = variant.substr(0, std::min(variant.find("aligned"), variant.find("public")));
  const std::string behind = example.substr(variant.size() + 1);
  std::vector<std::string> options = joined(network(behind), sizes.at(variant));
  if (variant.ends_with("public")) options.push_back("aligned_to=" + weights(behind));
  if (behind == "vit" && (name == "simsiam" || name == "byol")) options.push_back("head_norm=layer");
  Held held(made(name, options));
  EXPECT_EQ(held.learner->assumption(), "") << "a head for classes is of no use, and not missed";
  held.take(under(example + ".weight."));
  for (const Entry& entry : held.learner->layout().entries())
    if (entry.name.starts_with("momentum.") || entry.name.starts_with("received."))
      held.parameters[entry.name].detach().copy_(0.9 * held.parameters[entry.name.substr(9)].detach());
  EXPECT_NEAR(held.step(), expected().at(example + ".loss").item<double>(), 1e-5);
  const NamedTensors gradients = under(example + ".gradient."), after = under(example + ".after.");
  EXPECT_GT(gradients.size(), 10u);
  for (const auto& [key, values] : gradients) EXPECT_LT(relative(held.gradient(key), values), 1e-4) << key;
  for (const auto& [key, values] : after) EXPECT_LT(relative(held.value(key), values), 1e-5) << key;
  for (const Entry& entry : held.learner->layout().entries()) {
    const bool expected_after = entry.role == Role::statistic || entry.name == "queue";
    EXPECT_TRUE(!expected_after || after.contains(entry.name)) << entry.name;
  }
}

INSTANTIATE_TEST_SUITE_P(all, SelfSupervisedReference,
                         testing::Values("simsiam.resnet18", "simsiam.resnet18_group", "simsiam.vit", "byol.resnet18",
                                         "byol.vit", "moco.resnet18", "moco.resnet18_group", "moco.vit", "simmim.vit",
                                         "mae.vit", "simsiamaligned.resnet18", "simsiamaligned.vit",
                                         "simsiampublic.resnet18", "simsiampublic.vit", "simmimaligned.vit",
                                         "maepublic.vit"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

/// Every learner that compares views, small.
class SelfSupervised : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Learner> small(const std::vector<std::string>& options = {}) const {
    return made(GetParam(), joined(joined(residual, sizes.at(GetParam())), options));
  }
};

TEST_P(SelfSupervised, gives_features_of_the_backbone_whatever_stands_behind_it) {
  Held held(small({"statistics=batch", "statistics_batch=6"}));
  const auto encoded = [&] { return held.learner->encoder()->encoding(held.parameters, Scope::global)(held.batch)[0]; };
  const Tensor before = encoded();
  EXPECT_EQ(before.sizes(), at::IntArrayRef({6, held.learner->encoder()->width()}));
  EXPECT_FALSE(before.requires_grad());
  for (const Entry& entry : held.learner->layout().entries())
    if (entry.name.starts_with("projector.")) held.parameters[entry.name].detach().add_(1);
  EXPECT_TRUE(at::equal(encoded(), before));
  held.parameters["conv1.weight"].detach().mul_(at::arange(1, 5).view({4, 1, 1, 1}));
  EXPECT_FALSE(at::equal(encoded(), before));
}

TEST_P(SelfSupervised, wants_two_views_and_no_labels) {
  const auto learner = small();
  EXPECT_EQ(learner->needs().views, 2);
  EXPECT_FALSE(learner->needs().labels);
  EXPECT_FALSE(learner->encoder()->needs_to_encode().labels);
  EXPECT_EQ(learner->classifier(), nullptr);
}

TEST_P(SelfSupervised, sees_a_collapse) {
  Held held(small());
  held.step();
  EXPECT_GT(held.diagnostics.means().item<double>(), 0.2);
  held.diagnostics.clear();
  held.batch.images.zero_();
  held.step();
  const double spread = held.diagnostics.means().item<double>();
  EXPECT_LT(spread, 1e-3);
  EXPECT_THAT(held.learner->warnings(std::vector{spread}),
              testing::ElementsAre(testing::HasSubstr("collapses to one place")));
  EXPECT_THAT(held.learner->warnings(std::vector{0.9}), testing::IsEmpty());
}

TEST_P(SelfSupervised, computes_in_bfloat16_about_what_it_does_in_float32) {
  std::vector<std::string> options{"norm=group"};  // norms of few images make much of rounding
  if (GetParam() != "moco") options.push_back("head_norm=layer");
  Held exact(small(options)), rough(small(joined(options, {"precision=bfloat16"})));
  EXPECT_NEAR(rough.step(), exact.step(), 0.1);
  const Tensor a = rough.parameters.gradient(Owner::shared), b = exact.parameters.gradient(Owner::shared);
  EXPECT_GT((at::dot(a[0], b[0]) / (a.norm() * b.norm())).item<double>(), 0.8);
  EXPECT_FALSE(at::equal(a, b));
}

TEST_P(SelfSupervised, needs_two_images_where_batch_norms_are_and_one_where_none_are) {
  EXPECT_EQ(small()->smallest_batch(), 2);
  if (GetParam() == "moco") {  // its projector has none
    EXPECT_EQ(small({"norm=group"})->smallest_batch(), 1);
    return;
  }
  EXPECT_EQ(small({"norm=group"})->smallest_batch(), 2) << "the projector's";
  EXPECT_EQ(small({"head_norm=layer"})->smallest_batch(), 2) << "the backbone's";
  EXPECT_EQ(small({"norm=group", "head_norm=layer"})->smallest_batch(), 1);
}

TEST_P(SelfSupervised, names_its_own_options_where_they_do_not_fit) {
  EXPECT_THAT(sentence([&] {
                small({"architecture=vit_tiny_patch16", "image_size=40"});
              }),
              testing::HasSubstr(GetParam() + ".image_size = 40: vit_tiny_patch16 cuts images into patches of 16"));
}

INSTANTIATE_TEST_SUITE_P(all, SelfSupervised, testing::Values("simsiam", "byol", "moco"),
                         [](const auto& info) { return info.param; });

/// A small SimSiam beside the embedded CLIP.
std::unique_ptr<Learner> beside_clip(std::vector<std::string> options) {
  for (std::string& option : options) option = "simsiam." + option;
  return make_learner("simsiam", with<LearnerOptions>(options),
                      material_of(load_clip(embedded_clip(), "the embedded weights"), {"only"}));
}

const std::vector<std::string> small_pairs = joined(residual, sizes.at("simsiam"));

TEST(PublicEncoder, is_neither_sent_nor_kept_and_named_by_its_checksum) {
  const auto without = made("simsiam", small_pairs),
             with = made("simsiam", joined(small_pairs, {"alignment=0.5", "aligned_to=" + weights("resnet18")}));
  const std::int64_t aligner = 2 * (32 * 32 + 32);
  EXPECT_EQ(with->layout().size(Owner::shared), without->layout().size(Owner::shared) + aligner);
  EXPECT_EQ(with->layout().size(Owner::turn), 0);
  EXPECT_EQ(without->weights_checksum(), "");
  const std::string checksum = with->weights_checksum();
  EXPECT_EQ(checksum.size(), 64u);
  const std::string both = "weights=" + weights("resnet18");
  EXPECT_EQ(made("simsiam", joined(small_pairs, {"alignment=0.5", "aligned_to=" + weights("resnet18"), both}))
                ->weights_checksum(),
            checksum + ", " + checksum);
}

TEST(PublicEncoder, may_be_the_tower_of_the_clip_which_sees_images_of_its_own_size) {
  const auto learner = beside_clip(joined(small_pairs, {"alignment=0.5", "aligned_to=clip"}));
  const std::int64_t width = material_of(load_clip(embedded_clip(), "it"), {"only"}).clip->config.vision.width;
  EXPECT_EQ(learner->layout().entry("aligner.2.weight").shape, (std::vector<std::int64_t>{width, 32}));
  Held near(beside_clip(joined(small_pairs, {"alignment=0.5", "aligned_to=clip"}))),
      plain(made("simsiam", small_pairs));
  near.take(under("simsiam.resnet18.weight."));
  plain.take(under("simsiam.resnet18.weight."));
  const double pull = near.step() - plain.step();
  EXPECT_GT(pull, 0);
  EXPECT_LT(pull, 1);
  EXPECT_GT(near.gradient("aligner.2.weight").norm().item<double>(), 0);
}

TEST(PublicEncoder, that_does_not_fit_is_refused_by_name) {
  const auto refused = [](const std::vector<std::string>& options) {
    return sentence([&] { made("simsiam", joined(small_pairs, options)); });
  };
  const std::string resnet = "aligned_to=" + weights("resnet18");
  EXPECT_THAT(refused({resnet}), testing::HasSubstr("simsiam.alignment one above 0"));
  EXPECT_THAT(refused({"alignment=1", "aligned_size=32"}), testing::HasSubstr("name it with simsiam.aligned_to"));
  EXPECT_THAT(refused({"alignment=1", "aligned_to=clip"}),
              testing::HasSubstr("model.weights, of which there are none"));
  EXPECT_THAT(refused({"alignment=1", "aligned_to=clip", "aligned_architecture=resnet50"}),
              testing::HasSubstr("simsiam.aligned_architecture = \"resnet50\" is of a file"));
  EXPECT_THAT(refused({"alignment=1", resnet, "aligned_architecture=resnet50"}), testing::HasSubstr("conv1.weight"));
  EXPECT_THAT(refused({"alignment=1", "aligned_to=nowhere.pth"}), testing::HasSubstr("nowhere.pth"));
}

/// Those with a momentum encoder.
class Momentum : public testing::TestWithParam<std::string> {
 protected:
  Held held(const std::vector<std::string>& options = {}) const {
    return Held(made(GetParam(), joined(joined(residual, sizes.at(GetParam())), options)));
  }
};

TEST_P(Momentum, costs_neither_a_gradient_nor_an_optimiser_nor_a_byte) {
  Held of_turn = held(), of_client = held({"kept=client"});
  const Layout& layout = of_turn.learner->layout();
  EXPECT_EQ(layout.trained(Owner::turn) + of_client.learner->layout().trained(Owner::personal), 0);
  EXPECT_GT(layout.size(Owner::turn), layout.size(Owner::shared) / 2);
  EXPECT_EQ(layout.size(Owner::personal), 0);
  EXPECT_EQ(of_client.learner->layout().size(Owner::personal), layout.size(Owner::turn));
  EXPECT_EQ(of_client.learner->layout().size(Owner::shared), layout.size(Owner::shared)) << "what is sent";
  for (const Entry& entry : layout.entries())
    EXPECT_EQ(entry.owner == Owner::turn, entry.name.starts_with("momentum.") || entry.name == "queue") << entry.name;
}

TEST_P(Momentum, begins_as_the_model_that_was_received) {
  Held one = held();
  one.parameters["conv1.weight"].detach().add_(1);
  one.learner->initialise(one.parameters, Owner::turn, one.clients, Keys(1));
  EXPECT_TRUE(at::equal(one.value("momentum.conv1.weight"), one.value("conv1.weight")));
  EXPECT_TRUE(at::equal(one.value("momentum.projector.0.weight"), one.value("projector.0.weight")));
}

TEST_P(Momentum, of_a_client_that_is_through_stays_as_it_is) {
  Held one = held();
  one.parameters["conv1.weight"].detach().add_(1);
  const Tensor before = one.parameters.flat(Owner::turn).clone();
  one.batch.active.zero_();
  one.step();
  EXPECT_TRUE(at::equal(one.parameters.flat(Owner::turn), before));
}

INSTANTIATE_TEST_SUITE_P(all, Momentum, testing::Values("byol", "moco"), [](const auto& info) { return info.param; });

TEST(Moco, puts_the_keys_of_the_first_gradient_of_a_step_where_the_oldest_were) {
  Held once(made("moco", joined(residual, sizes.at("moco")))), twice(made("moco", joined(residual, sizes.at("moco"))));
  const Tensor before = once.value("queue").clone();
  once.step();
  const Tensor after = once.value("queue");
  EXPECT_TRUE(at::equal(after.narrow(0, 6, 3), before.narrow(0, 0, 3)));
  EXPECT_FALSE(at::equal(after.narrow(0, 0, 6), before.narrow(0, 0, 6)));
  twice.learner->loss(twice.parameters, twice.batch, twice.turn);
  twice.batch.images = 2 * twice.batch.images.flip({4}) + 1;
  twice.turn.again = true;
  twice.step();
  EXPECT_TRUE(at::equal(twice.value("queue"), after));
}

TEST(Moco, refuses_a_queue_that_is_longer_than_the_data) {
  const auto learner = made("moco", joined(residual, sizes.at("moco")));
  EXPECT_EQ(learner->refusal(9), "");
  EXPECT_THAT(learner->refusal(8), testing::HasSubstr("moco.queue = 9 keys are more than that"));
}

}  // namespace
}  // namespace fedorbit
