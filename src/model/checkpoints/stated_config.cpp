#include "model/checkpoints/stated_config.hpp"

#include <initializer_list>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/json.hpp"

namespace fedorbit {
namespace {

using nlohmann::json;
constexpr std::int64_t most_heads = 1 << 20;
constexpr std::uintmax_t longest_file = 1 << 20;

/// The object under `key`, or an empty one.
json part(const json& whole, const char* key, const std::string& where) {
  require(whole.is_object(), where, " is no JSON object.");
  const auto found = whole.find(key);
  if (found == whole.end() || found->is_null()) return json::object();
  require(found->is_object(), where, " has under ", key, " no object.");
  return *found;
}

/// What is stated must be what the tensors' shapes say.
void compare(const json& stated, const char* key, std::int64_t found, const std::string& where) {
  const std::int64_t said = whole_number(stated, key, found, 0, INT64_MAX, where);
  require(said == found, where, " has ", key, " = ", said, ", but the tensors' shapes say ", found, ".");
}

/// A key that is missing, null or has one of the values that are supported.
void expect(const json& stated, const char* key, std::initializer_list<json> supported, const std::string& where) {
  const auto found = stated.find(key);
  if (found == stated.end() || found->is_null()) return;
  for (const json& value : supported)
    if (*found == value) return;
  fail(where, " has ", key, " = ", found->dump(), ", which is not supported.");
}

Activation activation_of(const json& tower, const std::string& where) {
  const json stated = tower.value("hidden_act", json("quick_gelu"));
  require(stated == "quick_gelu" || stated == "gelu", where, " has the activation ", stated.dump(),
          "; quick_gelu and gelu are supported.");
  return stated == "gelu" ? Activation::gelu : Activation::quick_gelu;
}

void apply_hugging_face(const json& whole, ClipConfig& out, const std::string& where) {
  expect(whole, "model_type", {"clip"}, where);
  const json vision = part(whole, "vision_config", where), text = part(whole, "text_config", where);
  const auto tower = [&](const json& stated, TowerConfig& sizes) {
    compare(stated, "hidden_size", sizes.width, where);
    compare(stated, "intermediate_size", sizes.mlp_width, where);
    compare(stated, "num_hidden_layers", sizes.layers, where);
    expect(stated, "layer_norm_eps", {1e-5}, where);
    sizes.heads = whole_number(stated, "num_attention_heads", sizes.heads, 1, most_heads, where);
  };
  tower(vision, out.vision);
  tower(text, out.text);
  compare(vision, "image_size", out.vision.image_size, where);
  compare(vision, "patch_size", out.vision.patch_size, where);
  out.activation = activation_of(vision, where);
  require(out.activation == activation_of(text, where), where,
          " gives the two towers different activations, which is not supported.");
}

/// There, quick_gelu is the exception.
void apply_open_clip(const json& whole, ClipConfig& out, const std::string& where) {
  const json model = whole.is_object() && whole.contains("embed_dim") ? whole : part(whole, "model_cfg", where);
  const json vision = part(model, "vision_cfg", where), text = part(model, "text_cfg", where);
  for (const char* key : {"timm_model_name", "attentional_pool", "attn_pooler_queries", "global_average_pool",
                          "no_ln_pre", "ls_init_value", "pos_embed_type", "final_ln_after_pool"})
    expect(vision, key, {"", false, "learnable"}, where);
  expect(vision, "pool_type", {"tok"}, where);
  for (const char* key : {"hf_model_name", "no_causal_mask", "embed_cls", "ls_init_value", "final_ln_after_pool"})
    expect(text, key, {"", false}, where);
  expect(text, "pool_type", {"argmax"}, where);
  for (const json& tower : {vision, text}) {
    expect(part(tower, "norm_kwargs", where), "eps", {1e-5}, where);
    expect(tower, "act_kwargs", {json::object()}, where);
  }
  compare(model, "embed_dim", out.embed_dim, where);
  compare(vision, "image_size", out.vision.image_size, where);
  compare(vision, "width", out.vision.width, where);
  compare(text, "width", out.text.width, where);
  const std::int64_t width = out.vision.residual() ? 32 * out.vision.width : out.vision.width;
  out.vision.heads = std::max<std::int64_t>(1, width / whole_number(vision, "head_width", 64, 1, most_heads, where));
  out.text.heads = whole_number(text, "heads", 8, 1, most_heads, where);
  const json quick = model.value("quick_gelu", json(false));
  require(quick.is_boolean(), where, " has quick_gelu = ", quick.dump(), "; true or false would be right.");
  out.activation = quick.get<bool>() ? Activation::quick_gelu : Activation::gelu;
}

}  // namespace

void apply_stated_config(const std::filesystem::path& file, Dialect dialect, ClipConfig& config) {
  const std::string where = file.string();
  std::error_code unknown;
  require(std::filesystem::file_size(file, unknown) <= longest_file && !unknown, where,
          " cannot be read, or is longer than a configuration.");
  apply_stated_config(read_file(file), where, dialect, config);
}

void apply_stated_config(std::string_view content, const std::string& where, Dialect dialect, ClipConfig& config) {
  const json whole = parse_json(content, where);
  dialect == Dialect::open_clip ? apply_open_clip(whole, config, where) : apply_hugging_face(whole, config, where);
}

}  // namespace fedorbit
