// Towers and prompts against open_clip and transformers (tests/golden/make_clip.py), and files that are not what they
// should be.
#include "model/clip.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "core/error.hpp"
#include "core/keys.hpp"
#include "model/clip_tensors.hpp"
#include "model/joint_weight.hpp"
#include "model/precision.hpp"
#include "model/prompted_text.hpp"
#include "model/text_tower.hpp"
#include "model/vision.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

const std::filesystem::path golden = std::filesystem::path(FEDORBIT_SOURCE_DIR) / "tests/golden";

double relative(const Tensor& actual, const Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return INFINITY;
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

std::string sentence(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "(none)";
}

void expect_parity(const Clip& clip, const NamedTensors& expected) {
  const auto seen = encode_images(clip.tensors, clip.config, expected.at("images").to(at::kFloat), true);
  EXPECT_LT(relative(seen.features, expected.at("features")), 1e-5);
  EXPECT_LT(relative(seen.patches, expected.at("patches")), 1e-5);
  EXPECT_LT(relative(encode_images(clip.tensors, clip.config, expected.at("images").to(at::kFloat)).features,
                     expected.at("features")),
            1e-5);
  EXPECT_LT(relative(encode_tokens(clip.tensors, clip.config, expected.at("tokens")), expected.at("text")), 1e-5);
}

Clip open_clip_golden() { return load_clip(golden / "clip_open_clip/open_clip_model.safetensors"); }

/// A folder to spoil files in.
struct Files : testing::Test {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / text("fedorbit-clip-", ::getpid());
  std::filesystem::path file = folder / "weights.safetensors";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// Writes the golden open_clip tensors after `change`, with their vocabulary beside, and says what loading answers.
  std::string after(const std::function<void(NamedTensors&)>& change) {
    auto read = read_safetensors(golden / "clip_open_clip/open_clip_model.safetensors");
    change(read.tensors);
    write_safetensors(file, read.tensors);
    for (const char* name : {"merges.txt", "open_clip_config.json"})
      std::filesystem::copy_file(golden / "clip_open_clip" / name, folder / name,
                                 std::filesystem::copy_options::overwrite_existing);
    return sentence([&] { load_clip(file); });
  }
};

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

/// The tensors whose names contain `part` and do not lie where `file` is mapped, or a word that there are none at all.
std::string elsewhere(const NamedTensors& tensors, const std::string& part, const std::filesystem::path& file) {
  std::ifstream maps("/proc/self/maps");
  std::uintptr_t begin = 0, end = 0;
  for (std::string line; std::getline(maps, line);)
    if (line.ends_with(file.string())) {
      begin = std::stoull(line, nullptr, 16);
      end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    }
  std::string names;
  int seen = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name.find(part) == name.npos) continue;
    const auto data = reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr());
    if (data <= begin || data >= end) names += name + " ";
    ++seen;
  }
  return seen > 0 ? names : "nothing";
}

/// Writes the tensors of a golden folder in float32, with what stands beside them.
void write_in_float32(const std::filesystem::path& golden_folder, const char* name, const std::filesystem::path& file) {
  auto read = read_safetensors(golden_folder / name);
  for (auto& [key, tensor] : read.tensors) tensor = tensor.to(at::kFloat);
  write_safetensors(file, read.tensors);
  for (const char* beside : {"merges.txt", "config.json"})
    if (std::filesystem::exists(golden_folder / beside))
      std::filesystem::copy_file(golden_folder / beside, file.parent_path() / beside);
}

TEST_F(Files, float32_weights_are_used_where_the_file_has_them) {
  write_in_float32(golden / "clip_open_clip", "open_clip_model.safetensors", file);
  EXPECT_EQ(elsewhere(load_clip(file).tensors, "", file), "");
}

TEST_F(Files, queries_keys_and_values_that_a_file_keeps_apart_stay_there_and_compute_the_same) {
  write_in_float32(golden / "clip_hugging_face", "model.safetensors", file);
  const Clip apart = load_clip(file);
  for (const char* tower : {"vision", "text"})
    for (const char* part : joint_parts)
      EXPECT_EQ(elsewhere(apart.tensors, text(tower, ".layers.0.attention.in.weight", part), file), "") << part;
  expect_parity(apart, read_safetensors(golden / "clip_hugging_face.safetensors").tensors);

  const auto own = folder / "own.safetensors";
  save_clip(own, apart);
  const Clip joined = load_clip(own);
  EXPECT_EQ(joined.tensors.size(), clip_shapes(joined.config).size());
  const Tensor context = at::randn({2, 3, joined.config.text.width}) * 0.02;
  for (const char* kind : {"fast", "reference"}) {
    EngineOptions engine;
    engine.kind = kind;
    const auto through = [&](const Clip& clip) {
      Tensor leaf = context.clone().requires_grad_();
      const PromptedText prompts(clip, {"air", "river air"}, 3, engine);
      const Tensor features = prompts.encode(leaf);
      features.square().sum().backward();
      return std::pair(features.detach(), leaf.grad());
    };
    const auto [features, gradient] = through(apart);
    const auto [expected_features, expected_gradient] = through(joined);
    EXPECT_LT(relative(features, expected_features), 1e-5) << kind;
    EXPECT_LT(relative(gradient, expected_gradient), 1e-5) << kind;
  }
  const PromptedText tree(apart, {"air", "river air"}, 3);
  EXPECT_LT(relative(tree.encode_tree(context), tree.encode(context)), 1e-5);

  ClipLoading half;
  half.type = at::kBFloat16;
  EXPECT_EQ(load_clip(file, half).tensors.size(), joined.tensors.size()) << "copies are joined";
}

TEST_F(Files, a_residual_network_comes_back_from_our_own_format_and_starts_at_random) {
  const Clip clip = load_clip(golden / "clip_resnet");
  save_clip(file, clip);
  const Clip back = load_clip(file);
  EXPECT_EQ(back.config.to_json(), clip.config.to_json());
  for (const auto& [name, tensor] : clip.tensors) EXPECT_TRUE(at::equal(back.tensors.at(name), tensor)) << name;
  const auto fresh = initialise_clip(clip.config, Keys(3).stream(Purpose::initialise));
  EXPECT_EQ(fresh.size(), clip.tensors.size());
  const Tensor features = encode_images(fresh, clip.config, at::randn({2, 3, 64, 64})).features;
  EXPECT_GT(features.std().item<float>(), 0.01);
  EXPECT_LT(features.std().item<float>(), 10);
}

TEST_F(Files, a_tensor_too_many_and_other_architectures_are_named) {
  EXPECT_THAT(after([](NamedTensors& t) { t["visual.transformer.resblocks.0.ls_1.gamma"] = at::ones({24}); }),
              HasSubstr("'visual.transformer.resblocks.0.ls_1.gamma' of shape [24], which no CLIP"));
  EXPECT_EQ(after([](NamedTensors& t) { t["attn_mask"] = at::ones({7, 7}); }), "(none)");
  EXPECT_THAT(after([](NamedTensors& t) { t["logit_bias"] = at::ones({}); }), HasSubstr("architecture of SigLIP"));
  EXPECT_THAT(after([](NamedTensors& t) { t["visual.trunk.norm.weight"] = at::ones({4}); }), HasSubstr("timm"));
  EXPECT_THAT(after([](NamedTensors& t) { t["text.transformer.x"] = at::ones({4}); }), HasSubstr("custom text towers"));
}

TEST_F(Files, a_configuration_that_is_wrong_or_asks_for_more_is_refused) {
  const auto with = [&](const std::string& json) {
    after([](NamedTensors&) {});
    std::ofstream(folder / "open_clip_config.json") << json;
    return sentence([&] { load_clip(file); });
  };
  EXPECT_EQ(with(R"({"embed_dim":12,"vision_cfg":{"head_width":12},"text_cfg":{"heads":4}})"), "(none)");
  EXPECT_THAT(with("{"), HasSubstr("is not JSON"));
  EXPECT_THAT(with("[]"), HasSubstr("is no JSON object"));
  EXPECT_THAT(with(std::string(1000, '[')), HasSubstr("nests deeper"));
  EXPECT_THAT(with(R"({"embed_dim":13})"), HasSubstr("embed_dim = 13, but the tensors' shapes say 12"));
  EXPECT_THAT(with(R"({"embed_dim":12,"vision_cfg":{"head_width":0}})"), HasSubstr("head_width = 0"));
  EXPECT_THAT(with(R"({"embed_dim":12,"vision_cfg":{"head_width":1e300}})"), HasSubstr("a whole number from"));
  EXPECT_THAT(with(R"({"embed_dim":12,"text_cfg":{"heads":5}})"), HasSubstr("cannot be divided into 5 heads"));
  EXPECT_THAT(with(R"({"embed_dim":12,"vision_cfg":{"pool_type":"avg"}})"), HasSubstr("pool_type = \"avg\", which is"));
  EXPECT_THAT(with(R"({"embed_dim":12,"text_cfg":{"hf_model_name":"roberta"}})"), HasSubstr("hf_model_name"));
  EXPECT_THAT(with(R"({"embed_dim":12,"quick_gelu":3})"), HasSubstr("quick_gelu = 3"));
  const auto hugging_face = [&](const std::string& json) {
    for (const char* name : {"model.safetensors", "merges.txt"})
      std::filesystem::copy_file(golden / "clip_hugging_face" / name, folder / name,
                                 std::filesystem::copy_options::overwrite_existing);
    std::ofstream(folder / "config.json") << json;
    return sentence([&] { load_clip(folder); });
  };
  const std::string heads = R"("num_attention_heads":)";
  EXPECT_EQ(hugging_face("{\"vision_config\":{" + heads + "3},\"text_config\":{" + heads + "2}}"), "(none)");
  EXPECT_THAT(hugging_face(R"({"model_type":"siglip"})"), HasSubstr("model_type = \"siglip\""));
  EXPECT_THAT(hugging_face(R"({"vision_config":{"hidden_act":"relu"}})"), HasSubstr("activation \"relu\""));
  EXPECT_THAT(hugging_face(R"({"vision_config":{"layer_norm_eps":1e-6}})"), HasSubstr("layer_norm_eps"));
  EXPECT_THAT(hugging_face(R"({"text_config":{"hidden_act":"gelu"}})"), HasSubstr("different activations"));
}

TEST_F(Files, sizes_of_our_own_format_that_no_machine_could_hold_are_refused) {
  const Clip clip = open_clip_golden();
  for (const char* key : {"layers", "width", "mlp_width", "heads", "image_size", "context_length"}) {
    std::string config = clip.config.to_json();
    const auto at = config.find(text('"', key, "\":")) + std::strlen(key) + 3;
    config.replace(at, config.find_first_of(",}", at) - at, "9000000000000000000");
    write_safetensors(file, clip.tensors, {{"config", config}, {"merges", clip.tokenizer.merges()}});
    EXPECT_THAT(sentence([&] { load_clip(file); }), HasSubstr("9000000000000000000")) << config;
  }
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

TEST(PromptedText, gives_the_published_recipes_features_and_gradient) {
  const auto expected = read_safetensors(golden / "clip_open_clip.safetensors").tensors;
  const PromptedText prompts(open_clip_golden(), {"Runway", "river-bm"}, 3);
  Tensor context = expected.at("context").clone().requires_grad_();
  const Tensor features = prompts.encode(context);
  EXPECT_LT(relative(features, expected.at("prompted")), 1e-5);
  (features * expected.at("weight")).sum().backward();
  EXPECT_LT(relative(context.grad(), expected.at("gradient")), 1e-5);
}

TEST(PromptedText, as_a_tree_equals_the_padded_recipe) {
  const PromptedText prompts(open_clip_golden(), {"runway", "river b", "air"}, 4);
  const Tensor start = at::randn({3, 4, 16}) * 0.02, weight = at::randn({3, 3, 12});
  Tensor a = start.clone().requires_grad_(), b = start.clone().requires_grad_();
  const Tensor tree = prompts.encode(a), padded = prompts.encode_padded(b);
  EXPECT_LT(relative(tree, padded), 1e-5);
  (tree * weight).sum().backward();
  (padded * weight).sum().backward();
  EXPECT_LT(relative(a.grad(), b.grad()), 1e-5);
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
  const PromptedText prompts(clip, {"runway"}, 2);
  Tensor context = at::randn({1, 2, 16}).requires_grad_();
  prompts.encode(context).sum().backward();
  EXPECT_GT(context.grad().abs().sum().item<float>(), 0);
  for (const auto& [name, tensor] : clip.tensors) EXPECT_FALSE(tensor.grad().defined()) << name;
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

TEST_F(Files, our_own_format_brings_configuration_vocabulary_and_weights_back) {
  const Clip clip = open_clip_golden();
  save_clip(file, clip);
  const Clip back = load_clip(file);
  EXPECT_EQ(back.config.to_json(), clip.config.to_json());
  EXPECT_EQ(back.tokenizer.merges(), clip.tokenizer.merges());
  EXPECT_EQ(back.checksum.size(), 64u);
  for (const auto& [name, tensor] : clip.tensors) EXPECT_TRUE(at::equal(back.tensors.at(name), tensor)) << name;
  save_clip(file, clip, at::kHalf);
  EXPECT_NEAR(load_clip(file).logit_scale(), clip.logit_scale(), 1e-9);
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  const Clip embedded = load_clip(std::as_bytes(std::span(bytes)), "the embedded weights");
  EXPECT_EQ(embedded.checksum, load_clip(file).checksum);
  EXPECT_TRUE(at::equal(embedded.tensors.at("text.tokens"), clip.tensors.at("text.tokens")));
}

TEST_F(Files, prompts_are_exported_with_what_they_were_learned_on) {
  const Clip clip = open_clip_golden();
  const std::vector<std::string> names{"runway", "ri\"ver"};
  export_prompts(file, {{"context.shared", at::ones({4, 16})}}, clip, names);
  const auto read = read_safetensors(file);
  EXPECT_EQ(read.metadata.at("class_names"), R"(["runway","ri\"ver"])");
  EXPECT_EQ(read.metadata.at("weights_sha256"), clip.checksum);
  EXPECT_THAT(sentence([&] { load_clip(file); }), HasSubstr("holds no CLIP"));
}

TEST_F(Files, a_missing_tensor_is_named_with_its_shape) {
  EXPECT_EQ(after([](NamedTensors&) {}), "(none)");
  EXPECT_THAT(after([](NamedTensors& t) { t.erase("visual.transformer.resblocks.1.attn.in_proj_weight"); }),
              HasSubstr("lacks the tensor 'visual.transformer.resblocks.1.attn.in_proj_weight' of shape [72, 24]"));
  EXPECT_THAT(after([](NamedTensors& t) { t.erase("text_projection"); }),
              HasSubstr("lacks the tensor 'text_projection'"));
  EXPECT_THAT(after([](NamedTensors& t) { t.erase("visual.proj"); }), HasSubstr("lacks the tensor 'visual.proj'"));
}

TEST_F(Files, a_wrong_shape_is_named_with_the_right_one) {
  EXPECT_THAT(after([](NamedTensors& t) { t["ln_final.bias"] = at::zeros({17}); }),
              HasSubstr("'ln_final.bias' of " + file.string() + " has the shape [17], where [16] is expected"));
  EXPECT_THAT(after([](NamedTensors& t) {
                t["visual.positional_embedding"] = at::zeros({16, 24});
              }),
              HasSubstr("no square number"));
  EXPECT_THAT(after([](NamedTensors& t) {
                t["visual.conv1.weight"] = at::zeros({24, 3});
              }),
              HasSubstr("4 dimensions are expected"));
}

TEST_F(Files, numbers_that_are_not_finite_and_not_floating_are_refused) {
  EXPECT_THAT(after([](NamedTensors& t) { t["ln_final.bias"] = at::full({16}, NAN); }), HasSubstr("'ln_final.bias'"));
  EXPECT_THAT(after([](NamedTensors& t) { t["ln_final.bias"] = at::full({16}, INFINITY); }), HasSubstr("not finite"));
  EXPECT_THAT(after([](NamedTensors& t) { t["ln_final.bias"] = at::zeros({16}, at::kLong); }),
              HasSubstr("floating-point"));
}

TEST_F(Files, a_vocabulary_of_another_size_and_one_that_is_missing_are_refused) {
  EXPECT_THAT(after([](NamedTensors& t) {
                t["token_embedding.weight"] = at::zeros({600, 16});
              }),
              HasSubstr("600 token embeddings"));
  std::filesystem::remove(folder / "merges.txt");
  ::setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  EXPECT_THAT(sentence([&] { load_clip(file); }), HasSubstr("no vocabulary goes with the weights"));
}

TEST_F(Files, our_own_format_without_its_metadata_or_with_broken_ones_is_refused) {
  const Clip clip = open_clip_golden();
  write_safetensors(file, clip.tensors);
  EXPECT_THAT(sentence([&] { load_clip(file); }), HasSubstr("lack 'config'"));
  write_safetensors(file, clip.tensors, {{"config", "{}"}, {"merges", ""}});
  EXPECT_THAT(sentence([&] { load_clip(file); }), HasSubstr("is not a CLIP's"));
  EXPECT_THAT(sentence([&] { load_clip(folder / "none.safetensors"); }), HasSubstr("cannot be opened"));
}

}  // namespace
}  // namespace fedorbit
