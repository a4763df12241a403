// Whole networks against PyTorch in float64 (tests/golden/make_network.py), and what clients hold of them.
#include "algorithms/learners/network.hpp"

#include <ATen/Parallel.h>
#include <unistd.h>

#include "algorithms/group.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

const std::filesystem::path networks = golden / "networks";

const NamedTensors& expected() {
  static const NamedTensors tensors = read_safetensors(networks / "expected.safetensors").tensors;
  return tensors;
}

const std::vector<std::string> five{"a", "b", "c", "d", "e"};

std::unique_ptr<Learner> network(std::vector<std::string> options, const std::vector<std::string>& classes = five,
                                 const Clip* clip = nullptr) {
  for (std::string& option : options) option = "network." + option;
  Material material{.class_names = classes};
  if (clip) {
    material = material_of(*clip, classes);
    material.texts = [classes] { return at::eye(std::int64_t(classes.size()), 32); };
  }
  return make_learner("network", with<LearnerOptions>(options), material);
}

/// One client that holds a network as it begins, and a batch of the golden images.
struct Held {
  explicit Held(std::unique_ptr<Learner> made)
      : learner(std::move(made)), parameters(learner->layout(), 1), memory(1, {}), diagnostics({}, 1) {
    for (const Owner owner : owners) learner->initialise(parameters, owner, clients, Keys(1));
    Tensor images = expected().at("images");
    if (const std::int64_t side = learner->needs().image_size, times = side / 32; times > 1)
      images = images.repeat_interleave(times, 2).repeat_interleave(times, 3);
    else
      images = images.narrow(2, 0, side).narrow(3, 0, side);
    batch.images = images.unsqueeze(0).unsqueeze(0);
    batch.labels = expected().at("labels").unsqueeze(0);
    batch.present = at::ones({1, images.size(0)});
    batch.active = turn.active = at::ones({1});
  }
  double step() {
    parameters.zero_gradient();
    const Tensor loss = learner->loss(parameters, batch, turn).sum();
    loss.backward();
    const at::NoGradGuard no_gradient;
    learner->after_step(parameters, turn);
    return loss.item<double>();
  }
  Tensor labelled(Scope scope = Scope::personal) { return learner->classifier()->scorer(parameters, scope)(batch)[0]; }
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

double relative(const Tensor& a, const Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

struct Case {
  std::string file, name;  // of the weights, and in the expected values
  std::vector<std::string> options;
};
void PrintTo(const Case& example, std::ostream* out) { *out << example.file; }

const std::vector<std::string> vit{"architecture=vit_tiny_patch16", "width=16", "depth=2", "image_size=32"};
const std::vector<std::string> resnet18{"architecture=resnet18", "width=4", "image_size=64"};

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
std::string from(const std::string& file) { return "weights=" + (networks / file).string(); }

class NetworkReference : public testing::TestWithParam<Case> {};

TEST_P(NetworkReference, equals_pytorch_in_logits_loss_gradients_and_statistics_of_published_names) {
  const auto& [file, name, options] = GetParam();
  Held held(network(joined(options, {from(file), "label_smoothing=0.1"})));
  EXPECT_EQ(held.learner->assumption(), "");
  EXPECT_LT(relative(held.labelled(), expected().at(name + ".labelled")), 1e-5);
  EXPECT_NEAR(held.step(), expected().at(name + ".loss").item<double>(), 1e-5);
  std::size_t compared = 0;
  for (const auto& [key, values] : expected()) {
    if (const std::string part = name + ".gradient."; key.starts_with(part)) {
      EXPECT_LT(relative(held.gradient(key.substr(part.size())), values), 1e-4) << key;
      ++compared;
    }
    if (const std::string part = name + ".after."; key.starts_with(part)) {
      EXPECT_LT(relative(held.value(key.substr(part.size())), values), 1e-5) << key;
      ++compared;
    }
  }
  EXPECT_GE(compared, name == "resnet50" ? 30u : held.learner->layout().entries().size());
}

INSTANTIATE_TEST_SUITE_P(
    all, NetworkReference,
    testing::Values(Case{"vit_timm.safetensors", "vit", vit}, Case{"vit_torchvision.pth", "vit", vit},
                    Case{"resnet18.pth", "resnet18", resnet18},
                    Case{"resnet50.pth", "resnet50", {"architecture=resnet50", "width=4", "image_size=64"}},
                    Case{"resnet18_group.pth", "resnet18_group", joined(resnet18, {"norm=group"})}),
    [](const auto& info) { return info.param.file.substr(0, info.param.file.find('.')); });

TEST(Network, has_as_many_parameters_as_its_paper_says) {
  const std::vector<std::string> thousand(1000, "class");
  const auto vit = network({"architecture=vit_base_patch16"}, thousand),
             resnet = network({"architecture=resnet50"}, thousand);
  EXPECT_EQ(vit->layout().size(Owner::shared), 86'567'656);
  EXPECT_EQ(resnet->layout().weights(Owner::shared), 25'557'032);
  EXPECT_EQ(resnet->layout().statistics(Owner::shared), 53'120);
  for (const Entry& entry : resnet->layout().entries())
    EXPECT_EQ(entry.decayed, entry.shape.size() > 1) << entry.name << ": biases, norms and statistics are not";
}

TEST(Network, begins_a_new_head_and_resamples_positions_where_the_file_has_others) {
  Held held(
      network({"architecture=vit_tiny_patch16", "width=16", "depth=2", "image_size=64", from("vit_timm.safetensors")},
              {"one", "two"}));
  EXPECT_THAT(held.learner->assumption(), testing::AllOf(testing::HasSubstr("resampled from 2 x 2 to 4 x 4"),
                                                         testing::HasSubstr("5 classes apart, not 2")));
  EXPECT_LT(relative(held.value("pos_embed"), expected().at("vit.positions64")), 1e-6);
  EXPECT_EQ(held.value("head.weight").size(0), 2);
  EXPECT_GT(held.value("head.weight").abs().max().item<float>(), 0);
}

TEST(Network, takes_the_head_of_a_model_of_our_own_for_the_same_classes_alone) {
  const auto file = std::filesystem::path(testing::TempDir()) / text("head-", ::getpid(), ".safetensors");
  const NamedTensors tensors = read_safetensors(networks / "vit_timm.safetensors").tensors;
  const std::vector<std::string> options{"architecture=vit_tiny_patch16", "width=16", "depth=2", "image_size=32",
                                         "weights=" + file.string()};
  for (const char* names : {R"(["a","b","c","d","e"])", R"(["b","a","c","d","e"])"}) {
    write_safetensors(file, tensors, {{"class_names", names}});
    Held held(network(options, {"a", "b", "c", "d", "e"}));
    const bool same = names[2] == 'a';
    EXPECT_EQ(at::equal(held.value("head.weight"), tensors.at("head.weight")), same) << names;
    EXPECT_EQ(held.learner->assumption().find("tells other classes apart, not these") == std::string::npos, same);
  }
  std::filesystem::remove(file);
}

TEST(Network, holds_nothing_of_what_is_not_trained) {
  Held head(network(joined(resnet18, {from("resnet18.pth"), "trained=head"})));
  ASSERT_EQ(head.learner->layout().entries().size(), 2u);
  const Tensor before = head.labelled();
  head.step();
  EXPECT_TRUE(at::equal(head.labelled(), before)) << "norms that are not trained keep their statistics";
  EXPECT_GT(head.gradient("fc.weight").abs().max().item<float>(), 0);
  EXPECT_EQ(head.learner->smallest_batch(), 1);

  Held last(network(joined(resnet18, {from("resnet18.pth"), "trained=layer4.*; fc.*"})));
  for (const Entry& entry : last.learner->layout().entries())
    EXPECT_TRUE(entry.name.starts_with("layer4.") || entry.name.starts_with("fc.")) << entry.name;
  const Tensor mean = last.value("layer4.0.bn1.running_mean").clone();
  last.step();
  EXPECT_FALSE(at::equal(last.value("layer4.0.bn1.running_mean"), mean));
  EXPECT_EQ(last.learner->smallest_batch(), 2);
}

TEST(Network, labels_by_the_statistics_that_it_is_told) {
  Held shared(network(joined(resnet18, {from("resnet18.pth")}))),
      personal(network(joined(resnet18, {from("resnet18.pth"), "statistics=personal"}))),
      batch(network(joined(resnet18, {from("resnet18.pth"), "statistics=batch", "statistics_batch=6"})));
  EXPECT_EQ(personal.learner->layout().statistics(Owner::personal), shared.learner->layout().statistics(Owner::shared));
  EXPECT_EQ(batch.learner->layout().size(Owner::personal) + batch.learner->layout().statistics(Owner::shared), 0);
  EXPECT_TRUE(at::equal(personal.labelled(), shared.labelled()));
  EXPECT_LT(relative(batch.labelled(), expected().at("resnet18.logits")), 1e-5);
  EXPECT_FALSE(at::equal(personal.labelled(Scope::global), personal.labelled())) << "the server knows no statistics";

  // A batch is filled up with its first images, and cut into batches of that many.
  Held small(network(joined(resnet18, {from("resnet18.pth"), "statistics=batch", "statistics_batch=4"})));
  const Tensor first = small.labelled();
  const Tensor picked = at::tensor({0, 2, 4, 0});
  small.batch.images = small.batch.images.index_select(2, picked);
  small.batch.present = at::ones({1, 4});
  EXPECT_LT(relative(small.labelled().narrow(0, 0, 3), first.index_select(0, at::tensor({0, 2, 4}))), 1e-5);
}

TEST(Network, takes_the_first_statistics_of_a_step_whose_loss_is_asked_for_twice) {
  Held once(network(joined(resnet18, {from("resnet18.pth")}))),
      twice(network(joined(resnet18, {from("resnet18.pth")})));
  once.step();
  twice.learner->loss(twice.parameters, twice.batch, twice.turn);
  const Batch seen = twice.batch;
  twice.batch.images = 2 * seen.images + 1;
  twice.turn.again = true;
  twice.step();
  EXPECT_TRUE(at::equal(twice.value("bn1.running_mean"), once.value("bn1.running_mean")));
}

TEST(Network, trains_the_image_tower_of_a_clip_with_its_texts_as_head) {
  const Clip clip = random_clip();
  Held held(network({"architecture=clip", "head=text"}, five, &clip));
  const at::NoGradGuard no_gradient;
  const Tensor features = encode_images(clip.tensors, clip.config, held.batch.images[0][0]).features;
  const Tensor cosines = (features / features.norm(2, 1, true)).narrow(1, 0, 5);
  EXPECT_LT(relative(held.labelled(), clip.logit_scale() * cosines), 1e-5);
  EXPECT_EQ(held.learner->layout().entries().front().name, "vision.patch.weight");
}

TEST(Network, computes_in_bfloat16_about_what_it_does_in_float32) {
  for (const auto& [options, file] : {std::pair{vit, "vit_timm.safetensors"}, std::pair{resnet18, "resnet18.pth"},
                                      std::pair{joined(resnet18, {"norm=group"}), "resnet18_group.pth"}}) {
    Held exact(network(joined(options, {from(file)}))),
        rough(network(joined(options, {from(file), "precision=bfloat16"})));
    EXPECT_NEAR(rough.step(), exact.step(), 0.05) << file;
    for (const Owner owner : owners) EXPECT_EQ(rough.parameters.flat(owner).scalar_type(), at::kFloat);
    const Tensor a = rough.parameters.gradient(Owner::shared), b = exact.parameters.gradient(Owner::shared);
    EXPECT_GT((at::dot(a[0], b[0]) / (a.norm() * b.norm())).item<double>(), 0.95) << file;
    EXPECT_FALSE(at::equal(a, b));
  }
}

TEST(Network, refuses_what_does_not_go_together_in_a_sentence) {
  const auto refused = [](std::vector<std::string> options) { return sentence([&] { network(options); }); };
  EXPECT_THAT(refused({"image_size=40"}),
              testing::HasSubstr("image_size = 40: vit_small_patch16 cuts images into patches of 16"));
  EXPECT_THAT(refused({"architecture=resnet81"}), testing::HasSubstr("the nearest is resnet18"));
  EXPECT_THAT(refused({"architecture=clip"}),
              testing::HasSubstr("the image tower of model.weights, of which there are none"));
  EXPECT_THAT(refused({"head=text"}), testing::HasSubstr("not in that of vit_small_patch16"));
  EXPECT_THAT(refused({"trained=head"}), testing::HasSubstr("leaves cls_token as the weights have it"));
  EXPECT_THAT(refused({"trained=blocks.*; heads.*"}),
              testing::HasSubstr("no weight of the network has a name like heads.*"));
  EXPECT_THAT(refused({"norm=group"}), testing::HasSubstr("layer norms alone"));
  EXPECT_THAT(refused({"width=200"}), testing::HasSubstr("network.width = 200"));
  EXPECT_THAT(refused({"architecture=resnet18", "depth=3"}), testing::HasSubstr("resnet18 has its own"));
  EXPECT_THAT(refused(joined(resnet18, {from("resnet50.pth")})), testing::HasSubstr("tensor 'layer1.0.conv1.weight'"));
  EXPECT_THAT(refused(joined(resnet18, {from("vit_timm.safetensors")})),
              testing::HasSubstr("lacks the tensor 'conv1.weight'"));
  EXPECT_THAT(refused(joined(resnet18, {from("resnet18_group.pth")})),
              testing::HasSubstr("lacks the tensor 'bn1.running_mean'"));
  EXPECT_THAT(refused(joined(joined(resnet18, {"norm=group"}), {from("resnet18.pth")})),
              testing::HasSubstr("has the tensor 'bn1.running_mean'"));
  EXPECT_THAT(
      refused({"architecture=vit_tiny_patch16", "width=16", "depth=3", "image_size=32", from("vit_torchvision.pth")}),
      testing::HasSubstr("lacks the tensor 'encoder.layers.encoder_layer_2.ln_1.weight'"));
}

}  // namespace
}  // namespace fedorbit
