#include "model/clip_config.hpp"

#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "io/json.hpp"

namespace fedorbit {
namespace {

// Far above what any CLIP has, and far below what sizes multiplied with each other could overflow.
constexpr std::int64_t largest_size = 1 << 20, most_layers = 1000;

void check_size(std::int64_t size, const std::string& name, std::int64_t largest = largest_size) {
  require(size > 0 && size <= largest, "a CLIP's ", name, " is from 1 to ", largest, ", not ", size, ".");
}

void check_heads(std::int64_t width, std::int64_t heads, const std::string& name) {
  check_size(heads, name + " heads");
  require(width % heads == 0, "a CLIP's ", name, " of width ", width, " cannot be divided into ", heads, " heads.");
}

void check_tower(const TowerConfig& tower, const std::string& name) {
  check_size(tower.width, name + " tower's width");
  check_size(tower.layers, name + " tower's number of layers", most_layers);
  check_size(tower.mlp_width, name + " tower's MLP width");
  check_heads(tower.width, tower.heads, name + " tower");
}

void check_residual(const VisionConfig& vision) {
  check_size(vision.width, "residual network's width", largest_size / 32);
  for (const std::int64_t blocks : vision.stages) check_size(blocks, "residual network's stage of blocks", most_layers);
  require(vision.width % 2 == 0 && vision.patch_size == 32,
          "a CLIP's residual network has an even width and patches of ", "32 pixels, not ", vision.width, " and ",
          vision.patch_size, ".");
  check_heads(32 * vision.width, vision.heads, "attention pooling");
}

nlohmann::ordered_json tower_to_json(const TowerConfig& tower) {
  return {{"width", tower.width}, {"layers", tower.layers}, {"heads", tower.heads}, {"mlp_width", tower.mlp_width}};
}

std::int64_t size_from(const nlohmann::json& json, const char* key, const std::string& where) {
  json.at(key);  // a size of our own format is never left out
  return whole_number(json, key, 0, 0, INT64_MAX, where);
}

void tower_from_json(const nlohmann::json& json, TowerConfig& tower, const std::string& where) {
  tower.width = size_from(json, "width", where);
  tower.layers = size_from(json, "layers", where);
  tower.heads = size_from(json, "heads", where);
  tower.mlp_width = size_from(json, "mlp_width", where);
}

void stages_from_json(const nlohmann::json& json, VisionConfig& vision, const std::string& where) {
  require(json.is_array() && json.size() == vision.stages.size(), where, " has not four stages.");
  for (std::size_t i = 0; i < vision.stages.size(); ++i) {
    require(json[i].is_number_unsigned() && json[i].get<std::uint64_t>() <= most_layers, where,
            " has the number of blocks ", json[i].dump(), " in a stage; at most ", most_layers, " would be right.");
    vision.stages[i] = json[i].get<std::int64_t>();
  }
}

}  // namespace

void ClipConfig::check() const {
  check_size(embed_dim, "embed_dim");
  vision.residual() ? check_residual(vision) : check_tower(vision, "vision");
  check_tower(text, "text");
  check_size(vision.image_size, "image_size");
  check_size(vision.patch_size, "patch_size");
  require(vision.image_size % vision.patch_size == 0, "a CLIP's images of ", vision.image_size,
          " pixels cannot be cut into patches of ", vision.patch_size, ".");
  check_size(text.context_length, "context_length");
  require(text.context_length >= 3, "a CLIP's text needs a context_length of at least 3 tokens, not ",
          text.context_length, ".");
  check_size(text.vocabulary_size, "vocabulary_size", std::int64_t{1} << 30);
  require(text.vocabulary_size >= 514,
          "a CLIP's vocabulary holds at least 514 tokens (bytes, bytes that end a word, "
          "start and end), not ",
          text.vocabulary_size, ".");
}

std::string ClipConfig::to_json() const {
  nlohmann::ordered_json json{{"embed_dim", embed_dim},
                              {"activation", activation == Activation::gelu ? "gelu" : "quick_gelu"},
                              {"vision", tower_to_json(vision)},
                              {"text", tower_to_json(text)}};
  json["vision"]["image_size"] = vision.image_size;
  json["vision"]["patch_size"] = vision.patch_size;
  if (vision.residual()) json["vision"]["stages"] = vision.stages;
  json["text"]["context_length"] = text.context_length;
  json["text"]["vocabulary_size"] = text.vocabulary_size;
  return json.dump();
}

ClipConfig ClipConfig::from_json(const std::string& json, const std::string& where) {
  ClipConfig out;
  const std::string source = "the configuration in " + where;
  try {
    const auto parsed = parse_json(json, source);
    out.embed_dim = size_from(parsed, "embed_dim", source);
    const auto activation = parsed.at("activation").get<std::string>();
    require(activation == "gelu" || activation == "quick_gelu", source, " has the activation '", activation,
            "'; known are quick_gelu and gelu.");
    out.activation = activation == "gelu" ? Activation::gelu : Activation::quick_gelu;
    const auto &vision = parsed.at("vision"), &text = parsed.at("text");
    tower_from_json(vision, out.vision, source);
    tower_from_json(text, out.text, source);
    out.vision.image_size = size_from(vision, "image_size", source);
    out.vision.patch_size = size_from(vision, "patch_size", source);
    if (vision.contains("stages")) stages_from_json(vision["stages"], out.vision, source);
    out.text.context_length = size_from(text, "context_length", source);
    out.text.vocabulary_size = size_from(text, "vocabulary_size", source);
  } catch (const nlohmann::json::exception& cause) {
    fail(source, " is not a CLIP's: ", cause.what(), ".");
  }
  out.check();
  return out;
}

}  // namespace fedorbit
