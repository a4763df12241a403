#include "model/clip_config.hpp"

#include <nlohmann/json.hpp>

#include "core/error.hpp"

namespace fedorbit {
namespace {

void check_tower(const TowerConfig& tower, const char* name) {
  require(tower.width > 0 && tower.layers > 0 && tower.heads > 0 && tower.mlp_width > 0, "a CLIP's ", name,
          " tower needs a width, layers, heads and an MLP width above 0.");
  require(tower.width % tower.heads == 0, "a CLIP's ", name, " tower of width ", tower.width,
          " cannot be divided into ", tower.heads, " heads.");
}

nlohmann::ordered_json tower_to_json(const TowerConfig& tower) {
  return {{"width", tower.width}, {"layers", tower.layers}, {"heads", tower.heads}, {"mlp_width", tower.mlp_width}};
}

void tower_from_json(const nlohmann::json& json, TowerConfig& tower) {
  json.at("width").get_to(tower.width);
  json.at("layers").get_to(tower.layers);
  json.at("heads").get_to(tower.heads);
  json.at("mlp_width").get_to(tower.mlp_width);
}

}  // namespace

void ClipConfig::check() const {
  require(embed_dim > 0, "a CLIP needs an embed_dim above 0.");
  check_tower(vision, "vision");
  check_tower(text, "text");
  require(vision.patch_size > 0 && vision.image_size > 0 && vision.image_size % vision.patch_size == 0,
          "a CLIP's images of ", vision.image_size, " pixels cannot be cut into patches of ", vision.patch_size, ".");
  require(text.context_length >= 3, "a CLIP's text needs a context_length of at least 3 tokens, not ",
          text.context_length, ".");
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
  json["text"]["context_length"] = text.context_length;
  json["text"]["vocabulary_size"] = text.vocabulary_size;
  return json.dump();
}

ClipConfig ClipConfig::from_json(const std::string& json, const std::string& where) {
  ClipConfig out;
  try {
    const auto parsed = nlohmann::json::parse(json);
    parsed.at("embed_dim").get_to(out.embed_dim);
    const auto activation = parsed.at("activation").get<std::string>();
    require(activation == "gelu" || activation == "quick_gelu", "the configuration in ", where, " has the activation '",
            activation, "'; known are quick_gelu and gelu.");
    out.activation = activation == "gelu" ? Activation::gelu : Activation::quick_gelu;
    tower_from_json(parsed.at("vision"), out.vision);
    tower_from_json(parsed.at("text"), out.text);
    parsed.at("vision").at("image_size").get_to(out.vision.image_size);
    parsed.at("vision").at("patch_size").get_to(out.vision.patch_size);
    parsed.at("text").at("context_length").get_to(out.text.context_length);
    parsed.at("text").at("vocabulary_size").get_to(out.text.vocabulary_size);
  } catch (const nlohmann::json::exception& cause) {
    fail("the configuration in ", where, " is not a CLIP's: ", cause.what(), ".");
  }
  out.check();
  return out;
}

}  // namespace fedorbit
