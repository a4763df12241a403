// Towers against open_clip and transformers (tests/golden/make_clip.py), and what a CLIP promises as a value.
#include "model/clip.hpp"

#include <cstring>

#include "core/keys.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/golden_clip.hpp"
#include "model/towers/precision.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

TEST(Clip, with_open_clips_weights_gives_open_clips_features) {
  const Clip clip = open_clip_golden();
  EXPECT_EQ(clip.config.activation, Activation::quick_gelu);
  EXPECT_EQ(clip.config.vision.heads, 2);
  expect_parity(clip, read_safetensors(golden / "clip_open_clip.safetensors").tensors);
}

TEST(Clip, with_hugging_faces_weights_gives_hugging_faces_features) {
  const Clip clip = load_clip(golden / "clip_hugging_face/model.safetensors");
  EXPECT_EQ(clip.config.activation, Activation::gelu);
  EXPECT_EQ(clip.config.vision.mlp_width, 40);
  expect_parity(clip, read_safetensors(golden / "clip_hugging_face.safetensors").tensors);
}

TEST(Clip, with_a_residual_network_gives_open_clips_features) {
  const auto expected = read_safetensors(golden / "clip_resnet.safetensors").tensors;
  const Clip clip = load_clip(golden / "clip_resnet");  // a training checkpoint in a folder, with a tokenizer.json
  EXPECT_EQ(clip.config.vision.stages, (std::array<std::int64_t, 4>{2, 1, 1, 1}));
  EXPECT_EQ(clip.config.vision.heads, 4);
  EXPECT_EQ(clip.config.vision.patches(), 4);
  EXPECT_EQ(clip.config.activation, Activation::gelu);
  expect_parity(clip, expected);
  ClipLoading half;
  half.type = at::kBFloat16;
  const Clip rough = load_clip(golden / "clip_resnet", half);
  EXPECT_EQ(rough.tensors.at("vision.stem.0.weight").scalar_type(), at::kBFloat16);
  EXPECT_EQ(rough.tensors.at("logit_scale").scalar_type(), at::kFloat);
  EXPECT_LT(
      relative(encode_images(rough.tensors, rough.config, expected.at("images")).features, expected.at("features")),
      0.05);
}

TEST(Clip, from_a_torch_script_archive_without_a_configuration_is_taken_for_openais) {
  const auto expected = read_safetensors(golden / "clip_torch_script.safetensors").tensors;
  ClipLoading loading;
  loading.vocabulary = golden / "clip_open_clip";
  const Clip clip = load_clip(golden / "clip_torch_script/clip.pt", loading);
  EXPECT_THAT(clip.assumption, HasSubstr("QuickGELU, as in OpenAI's weights"));
  EXPECT_LT(relative(encode_images(clip.tensors, clip.config, expected.at("images")).features, expected.at("features")),
            1e-5);
  EXPECT_LT(relative(encode_tokens(clip.tensors, clip.config, expected.at("tokens")), expected.at("text")), 1e-5);
  loading.activation = Activation::gelu;
  EXPECT_EQ(load_clip(golden / "clip_torch_script/clip.pt", loading).assumption, "");
}

TEST(Clip, stays_close_in_bfloat16) {
  const auto expected = read_safetensors(golden / "clip_open_clip.safetensors").tensors;
  const Clip clip = open_clip_golden().to(at::kBFloat16);
  EXPECT_EQ(clip.tensors.at("logit_scale").scalar_type(), at::kFloat);
  const auto seen = encode_images(clip.tensors, clip.config, expected.at("images"));
  EXPECT_EQ(seen.features.scalar_type(), at::kFloat);
  EXPECT_LT(relative(seen.features, expected.at("features")), 0.03);
  EXPECT_LT(relative(encode_tokens(clip.tensors, clip.config, expected.at("tokens")), expected.at("text")), 0.03);
}

TEST(FrozenTower, gives_what_a_tower_with_a_graph_gives) {
  ClipConfig config = open_clip_golden().config;
  config.vision.patch_size = 4;
  for (const std::int64_t heads : {1, 2, 5})     // of 40, 20 and 8 channels
    for (const std::int64_t size : {4, 12, 36})  // 2, 10 and 82 tokens
      for (const Activation activation : {Activation::quick_gelu, Activation::gelu}) {
        static_cast<TowerConfig&>(config.vision) = {40, 2, heads, 72};
        config.vision.image_size = size;
        config.activation = activation;
        NamedTensors frozen = initialise_clip(config, Keys(3).stream(Purpose::initialise)), trained;
        for (auto& [name, tensor] : frozen) {
          if (tensor.dim() == 1) tensor += at::randn_like(tensor) * 0.2;  // biases and norms that do something
          trained[name] = tensor.clone().requires_grad_();
        }
        const Tensor images = at::randn({3, 3, size, size});
        const auto expected = encode_images(trained, config, images, true),
                   actual = encode_images(frozen, config, images, true);
        EXPECT_LT(relative(actual.features, expected.features.detach()), 1e-5) << heads << " " << size;
        EXPECT_LT(relative(actual.patches, expected.patches.detach()), 1e-5) << heads << " " << size;
        EXPECT_LT(relative(encode_images(frozen, config, images).features, expected.features.detach()), 1e-5);
        NamedTensors rounded;
        for (const auto& [name, tensor] : frozen) rounded[name] = tensor.to(at::kBFloat16);
        EXPECT_LT(relative(encode_images(rounded, config, images).features, expected.features.detach()), 0.02);
      }
}

TEST(Precision, is_refused_by_processors_without_instructions_for_it) {
  const auto knows = [](const char* words) {
    std::istringstream lines(words);
    return knows_bfloat16(lines);
  };
  EXPECT_TRUE(knows("processor : 0\nflags : fpu avx512_bf16 clzero\n"));
  EXPECT_TRUE(knows("Features : fp asimd bf16\n"));
  EXPECT_FALSE(knows("flags : fpu avx512_bf16x\nflags : amx_bf16\n")) << "the first processor decides";
  EXPECT_FALSE(knows("processor : 0\n"));
}

TEST(Clip, every_weight_gets_a_gradient_when_it_is_asked_for) {
  Clip clip = open_clip_golden();
  for (auto& [name, tensor] : clip.tensors) tensor = tensor.clone().requires_grad_();
  const auto seen = encode_images(clip.tensors, clip.config, at::randn({2, 3, 16, 16}));
  const std::vector<std::string> texts{"runway", "a river"};
  const Tensor read = encode_tokens(clip.tensors, clip.config, clip.tokenizer.tokens(texts, 77));
  (at::matmul(seen.features, read.t()) * clip.tensors.at("logit_scale").exp()).square().sum().backward();
  for (const auto& [name, tensor] : clip.tensors) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_GT(tensor.grad().abs().sum().item<float>(), 0) << name;
  }
}

TEST(Clip, wrong_inputs_of_a_tower_are_sentences) {
  const Clip clip = open_clip_golden();
  EXPECT_THROW(encode_images(clip.tensors, clip.config, at::zeros({1, 3, 15, 16})), Error);
  EXPECT_THROW(encode_tokens(clip.tensors, clip.config, at::zeros({1, 78}, at::kLong)), Error);
  EXPECT_THROW(encode_tokens(clip.tensors, clip.config, at::full({1, 7}, 525, at::kLong)), Error);
  EXPECT_THROW(encode_tokens(clip.tensors, clip.config, at::full({1, 7}, -1, at::kLong)), Error);
}

TEST(InitialisedClip, depends_on_its_stream_alone_and_has_the_published_spread) {
  ClipConfig config = open_clip_golden().config;
  const auto a = initialise_clip(config, Keys(3).stream(Purpose::initialise)),
             b = initialise_clip(config, Keys(3).stream(Purpose::initialise));
  EXPECT_EQ(a.size(), clip_shapes(config).size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(at::equal(tensor, b.at(name))) << name;
  EXPECT_FALSE(
      at::equal(a.at("text.tokens"), initialise_clip(config, Keys(4).stream(Purpose::initialise)).at("text.tokens")));
  EXPECT_NEAR(a.at("text.tokens").std().item<float>(), 0.02, 0.001);
  EXPECT_NEAR(a.at("text.layers.0.mlp.out.weight").std().item<float>(), 0.125, 0.01);  // 16^-0.5 (2 x 2)^-0.5
  EXPECT_NEAR(a.at("logit_scale").exp().item<float>(), 1 / 0.07, 1e-4);
  config.vision.heads = 5;
  EXPECT_THAT(sentence([&] { initialise_clip(config, Keys(3).stream(Purpose::initialise)); }), HasSubstr("5 heads"));
}

}  // namespace
}  // namespace fedorbit
