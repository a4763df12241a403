// The passes written by hand against LibTorch's, values and gradients, over everything that changes their course.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/prompts/padded_prompts.hpp"
#include "model/prompts/prompt_tree.hpp"
#include "model/prompts/prompted_text.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {
namespace {

struct Heads {
  std::int64_t count = 3, width = 16;
  std::int64_t all() const { return count * width; }
};

/// Attention is compiled for what repeats after 1, 2, 3 and 5 vectors, and once for any number of heads.
Clip random_clip(std::int64_t layers, Activation activation, Heads heads = {}) {
  const Tokenizer tokenizer("r i\nri v\nriv e\nrive r</w>\nr u\nru n\nrun w\n", "this test");
  ClipConfig config;
  config.embed_dim = 24;
  config.activation = activation;
  static_cast<TowerConfig&>(config.vision) = {16, 1, 1, 16};
  config.vision.image_size = config.vision.patch_size = 8;
  static_cast<TowerConfig&>(config.text) = {heads.all(), layers, heads.count, 80};
  config.text.context_length = 24;
  config.text.vocabulary_size = tokenizer.vocabulary_size();
  NamedTensors tensors = initialise_clip(config, Keys(1).stream(Purpose::test));
  for (auto& [name, tensor] : tensors)  // biases and norms that are not what they start as
    if (tensor.dim() == 1) tensor = tensor + 0.1 * at::randn_like(tensor);
  return {config, tensors, tokenizer, ""};
}

double relative(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max().clamp_min(1e-12)).item<double>();
}

struct Course {
  std::int64_t layers, context, clients;
  Activation activation;
  Heads heads = {};
};

class PromptPasses : public testing::TestWithParam<Course> {};

TEST_P(PromptPasses, give_the_padded_recipes_features_and_gradient) {
  const auto [layers, h, K, activation, heads] = GetParam();
  const Clip clip = random_clip(layers, activation, heads);
  const std::vector<std::string> names{"river", "river run", "runway", "a b c", "runway"};
  const PromptedText prompts(clip, names, h);
  PaddedPrompts recipe(frozen_text(clip.tensors), clip.config, ClassPrompts(clip, names, h));
  PromptTree operators(frozen_text(clip.tensors), clip.config, ClassPrompts(clip, names, h));
  const Tensor start = at::randn({K, h, heads.all()}), weight = at::randn({K, 5, 24});
  const auto passed = [&](auto encode) {
    Tensor context = start.clone().requires_grad_();
    const Tensor features = encode(context);
    (features * weight).sum().backward();
    return std::pair(features.detach(), context.grad());
  };
  const auto [features, gradient] = passed([&](const Tensor& context) { return prompts.encode(context); });
  const auto [expected, slope] = passed([&](const Tensor& context) { return recipe.encode(context); });
  EXPECT_LT(relative(features, expected), 1e-5);
  EXPECT_LT(relative(gradient, slope), 1e-5);
  const auto [tree, same] = passed([&](const Tensor& context) { return operators.encode(context); });
  EXPECT_LT(relative(tree, expected), 1e-5);
  EXPECT_LT(relative(same, slope), 1e-5);
  const c10::NoGradGuard evaluation;
  EXPECT_TRUE(at::equal(prompts.encode(start), features));
}

INSTANTIATE_TEST_SUITE_P(
    All, PromptPasses,
    testing::Values(Course{1, 2, 3, Activation::quick_gelu}, Course{1, 1, 1, Activation::gelu},
                    Course{2, 4, 1, Activation::quick_gelu}, Course{2, 1, 4, Activation::gelu},
                    Course{4, 4, 3, Activation::quick_gelu}, Course{4, 16, 2, Activation::gelu},
                    Course{3, 4, 3, Activation::quick_gelu, {3, 64}}, Course{3, 4, 3, Activation::quick_gelu, {8, 16}},
                    Course{2, 4, 2, Activation::quick_gelu, {8, 2}}, Course{2, 4, 2, Activation::quick_gelu, {8, 3}},
                    Course{2, 4, 2, Activation::quick_gelu, {7, 5}}, Course{2, 4, 2, Activation::quick_gelu, {4, 16}},
                    Course{2, 4, 2, Activation::quick_gelu, {1, 32}}, Course{2, 4, 2, Activation::quick_gelu, {32, 2}},
                    Course{2, 4, 2, Activation::quick_gelu, {12, 16}}, Course{2, 4, 2, Activation::gelu, {12, 12}},
                    Course{2, 4, 2, Activation::gelu, {16, 5}}, Course{2, 4, 2, Activation::gelu, {20, 20}}));

TEST(PromptPass, clients_with_equal_contexts_share_a_forward_and_keep_their_own_gradients) {
  for (const Activation activation : {Activation::quick_gelu, Activation::gelu}) {
    const PromptedText prompts(random_clip(3, activation), {"river", "runway"}, 4);
    const Tensor a = at::randn({1, 4, 48}), b = at::randn({1, 4, 48}), weight = at::randn({4, 2, 24});
    Tensor together = at::cat({a, b, a, a}).requires_grad_();
    const Tensor features = prompts.encode(together);
    (features * weight).sum().backward();
    EXPECT_TRUE(at::equal(features[0], features[3]));
    for (std::int64_t k = 0; k < 4; ++k) {
      Tensor alone = together.detach().narrow(0, k, 1).clone().requires_grad_();
      const Tensor own = prompts.encode(alone);
      (own * weight.narrow(0, k, 1)).sum().backward();
      EXPECT_LT(relative(features[k], own[0]), 1e-6) << k;
      EXPECT_LT(relative(together.grad()[k], alone.grad()[0]), 1e-6) << k;
    }
  }
}

TEST(PromptPass, in_operators_contexts_that_are_said_to_be_equal_go_forward_once) {
  for (const auto& [layers, equal, type, within] : {std::tuple(1, 3, at::kFloat, 1e-5),
                                                    {3, 3, at::kFloat, 1e-5},
                                                    {3, 5, at::kFloat, 1e-5},
                                                    {3, 5, at::kBFloat16, 0.05}}) {
    const Clip clip = random_clip(layers, Activation::quick_gelu).to(at::TensorOptions(type));
    const std::vector<std::string> names{"river", "river run", "runway", "runway"};
    PromptTree tree(frozen_text(clip.tensors), clip.config, ClassPrompts(clip, names, 4));
    const Tensor weight = at::randn({5, 4, 24});
    const Tensor start = at::cat({at::randn({1, 4, 48}).expand({equal, 4, 48}), at::randn({5 - equal, 4, 48})});
    const auto passed = [&](std::int64_t promised) {
      Tensor context = start.clone().requires_grad_();
      const Tensor features = tree.encode(context, promised);
      (features * weight).sum().backward();
      return std::pair(features.detach(), context.grad());
    };
    const auto [features, gradient] = passed(equal);
    const auto [expected, slope] = passed(0);
    EXPECT_LT(relative(features, expected), within);
    EXPECT_LT(relative(gradient, slope), within);
    EXPECT_TRUE(at::equal(features[0], features[equal - 1]));
    const c10::NoGradGuard evaluation;
    EXPECT_TRUE(at::equal(tree.encode(start, equal), features));
  }
}

TEST(PromptPass, a_promise_of_equal_contexts_that_is_not_kept_is_an_error) {
  const PromptedText prompts(random_clip(2, Activation::quick_gelu), {"river", "runway"}, 4);
  const Tensor a = at::randn({1, 4, 48}), start = at::cat({a, a, at::randn({1, 4, 48})});
  EXPECT_NO_THROW(prompts.encode(start, 2));
  EXPECT_THROW(prompts.encode(start, 3), Error);
}

TEST(PromptPass, what_is_remembered_of_a_context_serves_again_and_stays_out_of_graphs) {
  const PromptedText prompts(random_clip(3, Activation::quick_gelu), {"river", "runway"}, 4);
  const Tensor a = at::randn({1, 4, 48}), b = at::randn({1, 4, 48});
  const auto slope = [&](const Tensor& start) {
    Tensor context = start.clone().requires_grad_();
    prompts.encode(context).square().sum().backward();
    return context.grad();
  };
  const Tensor first = slope(a), other = slope(b), again = slope(a), once_more = slope(a);
  EXPECT_FALSE(at::equal(first, other));
  EXPECT_TRUE(at::equal(first, again));
  EXPECT_TRUE(at::equal(first, once_more));
  const c10::NoGradGuard evaluation;
  const Tensor features = prompts.encode(a);
  EXPECT_FALSE(features.requires_grad());
  EXPECT_TRUE(at::equal(prompts.encode(at::cat({b, a, b})).select(0, 1), features[0]));
}

TEST(PromptPass, in_bfloat16_is_as_near_to_float32_as_libtorchs_operators) {
  for (const Heads heads : {Heads{3, 16}, Heads{8, 16}, Heads{12, 16}}) {
    const Clip exact = random_clip(4, Activation::quick_gelu, heads);
    const std::vector<std::string> names{"river", "river run", "runway"};
    const Clip halves = exact.to(at::kBFloat16);
    const PromptedText precise(exact, names, 4), rough(halves, names, 4);
    PromptTree operators(frozen_text(halves.tensors), halves.config, ClassPrompts(halves, names, 4));
    // One draw is chance: by turns either is the nearer.
    double error_by_hand = 0, error_by_operators = 0;
    for (std::uint64_t draw = 0; draw < 20; ++draw) {
      at::manual_seed(draw);
      const Tensor start = at::randn({3, 4, heads.all()}), weight = at::randn({3, 3, 24});
      const auto slope = [&](auto encode) {
        Tensor context = start.clone().requires_grad_();
        (encode(context) * weight).sum().backward();
        return context.grad();
      };
      const Tensor expected = slope([&](const Tensor& x) { return precise.encode(x); });
      const Tensor by_hand = slope([&](const Tensor& x) { return rough.encode(x); });
      const Tensor by_operators = slope([&](const Tensor& x) { return operators.encode(x); });
      EXPECT_EQ(by_hand.scalar_type(), at::kFloat);
      EXPECT_LT(relative(by_hand, expected), 0.05);
      error_by_hand += (by_hand - expected).norm().item<double>();
      error_by_operators += (by_operators - expected).norm().item<double>();
    }
    EXPECT_LT(error_by_hand, 1.2 * error_by_operators);
  }
}

}  // namespace
}  // namespace fedorbit
