#include "model/infer_config.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t usual_head_width = 64;

/// Reads sizes off the shapes of a file's tensors, which it knows by their canonical names.
class Shapes {
 public:
  Shapes(const NamedTensors& tensors, Dialect dialect, const std::string& where)
      : tensors_(tensors), dialect_(dialect), where_(where) {}

  std::int64_t size(const std::string& canonical, std::int64_t dimension, std::int64_t dimensions) const {
    const std::string name = names_in(dialect_, canonical)[0];
    const auto found = tensors_.find(name);
    require(found != tensors_.end(), where_, " lacks the tensor '", name, "'.");
    require(found->second.dim() == dimensions, "tensor '", name, "' of ", where_, " has the shape ",
            found->second.sizes(), ", where ", dimensions, " dimensions are expected.");
    return found->second.size(transposed_in(dialect_, canonical) ? 1 - dimension : dimension);
  }

  void tower(const std::string& name, TowerConfig& out) const {
    while (tensors_.contains(names_in(dialect_, text(name, ".layers.", out.layers, ".norm1.weight"))[0])) ++out.layers;
    out.mlp_width = size(name + ".layers.0.mlp.in.weight", 0, 2);
    out.heads = std::max<std::int64_t>(1, out.width / usual_head_width);
  }

 private:
  const NamedTensors& tensors_;
  Dialect dialect_;
  const std::string& where_;
};

nlohmann::json read_json(const std::filesystem::path& file) {
  try {
    std::ifstream stream(file);
    return nlohmann::json::parse(stream);
  } catch (const nlohmann::json::exception& cause) {
    fail(file.string(), " is not JSON: ", cause.what(), ".");
  }
}

/// What Hugging Face's config.json says beyond the shapes.
void apply_hugging_face(const nlohmann::json& json, ClipConfig& out) {
  const auto part = [&](const char* name) { return json.value(name, nlohmann::json::object()); };
  out.vision.heads = part("vision_config").value("num_attention_heads", out.vision.heads);
  out.text.heads = part("text_config").value("num_attention_heads", out.text.heads);
  const auto activation = part("vision_config").value("hidden_act", std::string("quick_gelu"));
  const auto text_activation = part("text_config").value("hidden_act", std::string("quick_gelu"));
  require((activation == "quick_gelu" || activation == "gelu") && activation == text_activation, "the activations '",
          activation, "' and '", text_activation,
          "' of a CLIP's towers are not both quick_gelu or "
          "both gelu.");
  out.activation = activation == "gelu" ? Activation::gelu : Activation::quick_gelu;
}

/// What open_clip_config.json says beyond the shapes; there, quick_gelu is the exception.
void apply_open_clip(const nlohmann::json& json, ClipConfig& out) {
  const auto model = json.value("model_cfg", nlohmann::json::object());
  const auto part = [&](const char* name) { return model.value(name, nlohmann::json::object()); };
  const auto head_width = part("vision_cfg").value("head_width", usual_head_width);
  require(head_width > 0, "a head_width of ", head_width, " is no number of channels.");
  out.vision.heads = std::max<std::int64_t>(1, out.vision.width / head_width);
  out.text.heads = part("text_cfg").value("heads", out.text.heads);
  out.activation = model.value("quick_gelu", false) ? Activation::quick_gelu : Activation::gelu;
}

}  // namespace

ClipConfig infer_config(const NamedTensors& tensors, Dialect dialect, const std::filesystem::path& file) {
  const std::string where = file.string();
  const Shapes shapes(tensors, dialect, where);
  ClipConfig out;
  out.vision.width = shapes.size("vision.patch.weight", 0, 4);
  out.vision.patch_size = shapes.size("vision.patch.weight", 2, 4);
  const std::int64_t patches = shapes.size("vision.positions", 0, 2) - 1;
  const auto grid = std::int64_t(std::llround(std::sqrt(double(std::max<std::int64_t>(0, patches)))));
  require(grid * grid == patches, where, " has position embeddings for ", patches,
          " patches, which is no square number.");
  out.vision.image_size = grid * out.vision.patch_size;
  out.embed_dim = shapes.size("vision.projection", 1, 2);
  out.text.vocabulary_size = shapes.size("text.tokens", 0, 2);
  out.text.width = shapes.size("text.tokens", 1, 2);
  out.text.context_length = shapes.size("text.positions", 0, 2);
  shapes.tower("vision", out.vision);
  shapes.tower("text", out.text);
  const char* name = dialect == Dialect::open_clip ? "open_clip_config.json" : "config.json";
  const auto beside = file.parent_path() / name;
  if (std::filesystem::exists(beside)) {
    try {
      const auto json = read_json(beside);
      dialect == Dialect::open_clip ? apply_open_clip(json, out) : apply_hugging_face(json, out);
    } catch (const nlohmann::json::exception& cause) {
      fail(beside.string(), " is not the configuration of a CLIP: ", cause.what(), ".");
    }
  }
  out.check();
  return out;
}

}  // namespace fedorbit
