// Weights in files: what is used where it lies, what comes back, and files that are not what they should be.
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "core/keys.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/golden_clip.hpp"
#include "model/prompts/prompt_tree.hpp"
#include "model/prompts/prompted_text.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

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
  const std::vector<std::string> names{"air", "river air"};
  PromptTree tree(frozen_text(apart.tensors), apart.config, ClassPrompts(apart, names, 3));
  EXPECT_LT(relative(tree.encode(context), PromptedText(apart, names, 3).encode(context)), 1e-5);

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
              HasSubstr("'visual.transformer.resblocks.0.ls_1.gamma' of shape [24], which no model"));
  EXPECT_EQ(after([](NamedTensors& t) { t["attn_mask"] = at::ones({7, 7}); }), "(none)");
  EXPECT_THAT(after([](NamedTensors& t) { t["visual.trunk.norm.weight"] = at::ones({4}); }), HasSubstr("timm"));
  EXPECT_THAT(after([](NamedTensors& t) { t["text.transformer.embeddings.x"] = at::ones({4}); }),
              HasSubstr("library transformers"));
  EXPECT_THAT(after([](NamedTensors& t) { t["text.cls_emb"] = at::ones({4}); }), HasSubstr("CoCa"));
}

TEST_F(Files, towers_of_clip_are_read_under_the_names_and_with_the_bias_that_training_programs_give_them) {
  after([](NamedTensors&) {});
  const Clip plain = load_clip(file);
  const auto same = [&] {
    const Clip clip = load_clip(file);
    EXPECT_EQ(clip.tensors.size(), plain.tensors.size());
    for (const auto& [name, tensor] : plain.tensors) EXPECT_TRUE(at::equal(clip.tensors.at(name), tensor)) << name;
  };
  const auto rename = [](NamedTensors& tensors, const std::function<std::string(const std::string&)>& name) {
    NamedTensors out;
    for (const auto& [old, tensor] : tensors) out[name(old)] = tensor;
    tensors = out;
  };
  EXPECT_EQ(after([](NamedTensors& t) { t["logit_bias"] = at::full({}, -10.0); }), "(none)");
  same();
  EXPECT_EQ(after([&](NamedTensors& t) { rename(t, [](const std::string& name) { return "model." + name; }); }),
            "(none)");
  same();
  EXPECT_EQ(after([&](NamedTensors& t) {
              rename(t, [](const std::string& name) {
                return name.starts_with("visual.") || name == "logit_scale" ? name : "text." + name;
              });
            }),
            "(none)");
  same();
  EXPECT_THAT(after([](NamedTensors& t) {
                t["text.token_embedding.weight"] = t["token_embedding.weight"];
                t["text.ln_final.bias"] = t["ln_final.bias"];
              }),
              HasSubstr("'text.ln_final.bias'"))
      << "a tensor that is there twice";
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
