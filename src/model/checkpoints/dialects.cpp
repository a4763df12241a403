#include "model/checkpoints/dialects.hpp"

#include <array>
#include <string_view>

#include "core/error.hpp"

namespace fedorbit {
namespace {

struct Word {
  std::string_view canonical, open_clip, hugging_face;
};

/// Whole names first, then beginnings, then parts; of each group the first that fits is taken.
constexpr std::array<Word, 8> names{{
    {"vision.patch.weight", "visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"},
    {"vision.class_token", "visual.class_embedding", "vision_model.embeddings.class_embedding"},
    {"vision.positions", "visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"},
    {"vision.projection", "visual.proj", "visual_projection.weight"},
    {"text.tokens", "token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
    {"text.positions", "positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"text.projection", "text_projection", "text_projection.weight"},
    {"logit_scale", "logit_scale", "logit_scale"},
}};
constexpr std::array<Word, 10> beginnings{{
    {"vision.pool.positions", "visual.attnpool.positional_embedding", ""},
    {"vision.pool.queries.", "visual.attnpool.q_proj.", ""},
    {"vision.pool.keys.", "visual.attnpool.k_proj.", ""},
    {"vision.pool.values.", "visual.attnpool.v_proj.", ""},
    {"vision.pool.out.", "visual.attnpool.c_proj.", ""},
    {"vision.norm_before.", "visual.ln_pre.", "vision_model.pre_layrnorm."},
    {"vision.norm_after.", "visual.ln_post.", "vision_model.post_layernorm."},
    {"text.norm_after.", "ln_final.", "text_model.final_layer_norm."},
    {"vision.layers.", "visual.transformer.resblocks.", "vision_model.encoder.layers."},
    {"text.layers.", "transformer.resblocks.", "text_model.encoder.layers."},
}};
constexpr std::array<Word, 6> parts{{
    {".norm1.", ".ln_1.", ".layer_norm1."},
    {".norm2.", ".ln_2.", ".layer_norm2."},
    {".attention.in.", ".attn.in_proj_", ".self_attn.?_proj."},
    {".attention.out.", ".attn.out_proj.", ".self_attn.out_proj."},
    {".mlp.in.", ".mlp.c_fc.", ".mlp.fc1."},
    {".mlp.out.", ".mlp.c_proj.", ".mlp.fc2."},
}};

std::string translated(Dialect dialect, std::string name) {
  const auto in = [&](const Word& word) {
    return std::string(dialect == Dialect::open_clip ? word.open_clip : word.hugging_face);
  };
  for (const Word& word : names)
    if (name == word.canonical) return in(word);
  for (const Word& word : beginnings)
    if (name.starts_with(word.canonical)) {
      name.replace(0, word.canonical.size(), in(word));
      break;
    }
  for (const Word& word : parts)
    if (const auto at = name.find(word.canonical); at != name.npos) {
      name.replace(at, word.canonical.size(), in(word));
      break;
    }
  return name;
}

}  // namespace

void join_text_tower(NamedTensors& tensors) {
  constexpr std::string_view before = "text.";
  if (!tensors.contains("text.token_embedding.weight")) return;
  for (auto at = tensors.lower_bound(std::string(before)); at != tensors.end() && at->first.starts_with(before);) {
    const auto named = at++;
    if (tensors.try_emplace(named->first.substr(before.size()), named->second).second) tensors.erase(named);
  }
}

Dialect recognise_dialect(const NamedTensors& tensors, const std::string& where) {
  // One name of each tower, so that a file that lacks one of them is still told which.
  for (const Dialect dialect : {Dialect::canonical, Dialect::open_clip, Dialect::hugging_face})
    for (const char* telling : {"vision.patch.weight", "vision.class_token", "vision.pool.positions", "text.tokens"})
      if (tensors.contains(names_in(dialect, telling)[0])) return dialect;
  fail(where,
       " holds no CLIP: it has neither our names (vision.patch.weight), nor open_clip's (visual.conv1.weight), nor "
       "Hugging Face's (vision_model.embeddings.patch_embedding.weight).");
}

std::vector<std::string> names_in(Dialect dialect, const std::string& canonical) {
  if (dialect == Dialect::canonical) return {canonical};
  const std::string name = translated(dialect, canonical);
  const auto which = name.find('?');
  if (which == name.npos) return {name};
  std::vector<std::string> out;
  for (const char letter : {'q', 'k', 'v'}) {
    out.push_back(name);
    out.back()[which] = letter;
  }
  return out;
}

std::optional<FoldedNames> folded_in(Dialect dialect, const std::string& canonical) {
  constexpr std::string_view stem = "vision.stem.", stages = "vision.stages.", weight = ".weight";
  if (dialect != Dialect::open_clip || !canonical.ends_with(weight)) return std::nullopt;
  const std::string name = canonical.substr(0, canonical.size() - weight.size());
  const auto next = [](char digit) { return std::string(1, char(digit + 1)); };  // open_clip counts from one here
  if (name.starts_with(stem))
    return FoldedNames{"visual.conv" + next(name.back()) + ".weight", "visual.bn" + next(name.back())};
  if (!name.starts_with(stages)) return std::nullopt;
  const auto last = name.rfind('.');
  const std::string block =
      "visual.layer" + next(name[stages.size()]) + name.substr(stages.size() + 1, last - stages.size());
  if (name.ends_with("shortcut")) return FoldedNames{block + "downsample.0.weight", block + "downsample.1"};
  return FoldedNames{block + "conv" + next(name.back()) + ".weight", block + "bn" + next(name.back())};
}

bool transposed_in(Dialect dialect, const std::string& canonical) {
  return dialect == Dialect::hugging_face && canonical.ends_with(".projection");
}

}  // namespace fedorbit
