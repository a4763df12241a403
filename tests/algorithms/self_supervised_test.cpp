// Learners without labels against PyTorch in float64 (tests/golden/make_self_supervised.py), and what those that
// compare views have in common.
#include "algorithms/self_supervised.hpp"

namespace fedorbit {
namespace {

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

}  // namespace
}  // namespace fedorbit
