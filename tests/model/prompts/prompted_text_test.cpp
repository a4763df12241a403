// Prompts against open_clip's towers (tests/golden/make_clip.py); prompt_pass_test has the ways of computing them.
#include "model/prompts/prompted_text.hpp"

#include "model/golden_clip.hpp"
#include "model/prompts/padded_prompts.hpp"
#include "model/prompts/prompt_tree.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

TEST(PromptedText, gives_the_published_recipes_features_and_gradient) {
  const auto expected = read_safetensors(golden / "clip_open_clip.safetensors").tensors;
  const PromptedText prompts(open_clip_golden(), {"Runway", "river-bm"}, 3);
  Tensor context = expected.at("context").clone().requires_grad_();
  const Tensor features = prompts.encode(context);
  EXPECT_LT(relative(features, expected.at("prompted")), 1e-5);
  (features * expected.at("weight")).sum().backward();
  EXPECT_LT(relative(context.grad(), expected.at("gradient")), 1e-5);
}

TEST(PromptedText, without_a_context_reads_as_the_plain_text_does) {
  const Clip clip = open_clip_golden();
  const std::vector<std::string> sentences{"runway.", "air river."};
  const Tensor plain = encode_tokens(clip.tensors, clip.config, clip.tokenizer.tokens(sentences, 77));
  const Tensor prompted = PromptedText(clip, {"runway", "air_river"}, 0).encode(at::empty({1, 0, 16}));
  EXPECT_LT(relative(prompted[0], plain), 1e-5);
}

TEST(PromptedText, a_clients_features_do_not_depend_on_who_shares_the_batch) {
  const PromptedText prompts(open_clip_golden(), {"runway", "river"}, 4);
  const Tensor context = at::randn({5, 4, 16});
  const Tensor together = prompts.encode(context);
  for (std::int64_t k = 0; k < 5; ++k)
    EXPECT_LT(relative(prompts.encode(context.narrow(0, k, 1))[0], together[k]), 1e-5);
}

TEST(PromptedText, frozen_weights_get_no_gradient) {
  Clip clip = open_clip_golden();
  for (auto& [name, tensor] : clip.tensors) tensor.requires_grad_();
  const std::vector<std::string> names{"runway"};
  const ClassPrompts prompts(clip, names, 2);
  const NamedTensors frozen = frozen_text(clip.tensors);
  const PromptedText by_hand(clip, names, 2);
  PromptTree tree(frozen, clip.config, prompts);
  PaddedPrompts padded(frozen, clip.config, prompts);
  const auto check = [&](const auto& way) {
    Tensor context = at::randn({1, 2, 16}).requires_grad_();
    way(context).sum().backward();
    EXPECT_GT(context.grad().abs().sum().item<float>(), 0);
    for (const auto& [name, tensor] : clip.tensors) EXPECT_FALSE(tensor.grad().defined()) << name;
  };
  check([&](const Tensor& context) { return by_hand.encode(context); });
  check([&](const Tensor& context) { return tree.encode(context); });
  check([&](const Tensor& context) { return padded.encode(context); });
}

TEST(PromptedText, a_class_name_too_long_for_the_tower_is_named) {
  const Clip clip = open_clip_golden();
  const std::string name(73, 'z');
  EXPECT_NO_THROW(PromptedText(clip, {name}, 1));
  EXPECT_THAT(sentence([&] {
                PromptedText(clip, {"air", name}, 2);
              }),
              testing::AllOf(HasSubstr("class 'zzz"), HasSubstr("has 78 tokens"), HasSubstr("at most 77")));
  EXPECT_THROW(PromptedText(clip, {"air"}, 100), Error);
  EXPECT_THROW(PromptedText(clip, {}, 1), Error);
  EXPECT_THROW(PromptedText(clip, {"air"}, 2).encode(at::zeros({1, 3, 16})), Error);
}

}  // namespace
}  // namespace fedorbit
