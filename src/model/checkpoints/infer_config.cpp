#include "model/checkpoints/infer_config.hpp"

#include <cmath>

#include "core/error.hpp"
#include "model/checkpoints/stated_config.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t usual_head_width = 64, largest = 1 << 20;

/// Channels of a head in a vision transformer of that width, where nothing states them.
std::int64_t usual_vision_head_width(std::int64_t width) {
  return width == 1280 ? 80 : width == 1408 ? 88 : width == 1664 ? 104 : usual_head_width;
}

/// Reads sizes off the shapes of a file's tensors, which it knows by their canonical names.
class Shapes {
 public:
  Shapes(const NamedTensors& tensors, Dialect dialect, const std::string& where)
      : tensors_(tensors), dialect_(dialect), where_(where) {}

  bool has(const std::string& canonical) const { return tensors_.contains(file_name(canonical)); }

  std::int64_t size(const std::string& canonical, std::int64_t dimension, std::int64_t dimensions) const {
    const std::string name = file_name(canonical);
    const auto found = tensors_.find(name);
    require(found != tensors_.end(), where_, " lacks the tensor '", name, "'.");
    require(found->second.dim() == dimensions, "tensor '", name, "' of ", where_, " has the shape ",
            found->second.sizes(), ", where ", dimensions, " dimensions are expected.");
    return found->second.size(transposed_in(dialect_, canonical) ? 1 - dimension : dimension);
  }

  /// Pixels a side, from the number of positions.
  std::int64_t image_size(const std::string& positions, std::int64_t patch_size) const {
    const std::int64_t patches = size(positions, 0, 2) - 1;
    const auto grid = std::int64_t(std::llround(std::sqrt(double(std::max<std::int64_t>(0, patches)))));
    require(grid * grid == patches, where_, " has position embeddings for ", patches,
            " patches, which is no square number.");
    require(patch_size <= largest && grid <= largest, where_, " has patches of ", patch_size, " pixels.");
    return grid * patch_size;
  }

  void tower(const std::string& name, TowerConfig& out) const {
    while (has(text(name, ".layers.", out.layers, ".norm1.weight"))) ++out.layers;
    out.mlp_width = size(name + ".layers.0.mlp.in.weight", 0, 2);
  }

 private:
  std::string file_name(const std::string& canonical) const {
    const auto folded = folded_in(dialect_, canonical);
    return folded ? folded->convolution : names_in(dialect_, canonical)[0];
  }

  const NamedTensors& tensors_;
  Dialect dialect_;
  const std::string& where_;
};

std::int64_t heads_of(std::int64_t width, std::int64_t head_width) {
  return std::max<std::int64_t>(1, width / head_width);
}

void infer_residual(const Shapes& shapes, VisionConfig& out) {
  out.width = shapes.size("vision.stages.0.0.0.weight", 0, 4);
  out.patch_size = 32;
  for (std::size_t s = 0; s < out.stages.size(); ++s)
    while (shapes.has(text("vision.stages.", s, ".", out.stages[s], ".0.weight"))) ++out.stages[s];
  out.image_size = shapes.image_size("vision.pool.positions", out.patch_size);
  require(out.width <= largest, "a residual network of width ", out.width, " is too wide.");
  out.heads = heads_of(32 * out.width, usual_head_width);
}

void infer_transformer(const Shapes& shapes, VisionConfig& out) {
  out.width = shapes.size("vision.patch.weight", 0, 4);
  out.patch_size = shapes.size("vision.patch.weight", 2, 4);
  out.image_size = shapes.image_size("vision.positions", out.patch_size);
  shapes.tower("vision", out);
  out.heads = heads_of(out.width, usual_vision_head_width(out.width));
}

}  // namespace

InferredConfig infer_config(const NamedTensors& tensors, Dialect dialect, const std::filesystem::path& file) {
  const std::string where = file.string();
  const Shapes shapes(tensors, dialect, where);
  InferredConfig result;
  ClipConfig& out = result.config;
  const bool residual = dialect == Dialect::open_clip && shapes.has("vision.stages.0.0.0.weight");
  if (residual) {
    infer_residual(shapes, out.vision);
    out.embed_dim = shapes.size("vision.pool.out.weight", 0, 2);
  } else {
    infer_transformer(shapes, out.vision);
    out.embed_dim = shapes.size("vision.projection", 1, 2);
  }
  out.text.vocabulary_size = shapes.size("text.tokens", 0, 2);
  out.text.width = shapes.size("text.tokens", 1, 2);
  out.text.context_length = shapes.size("text.positions", 0, 2);
  shapes.tower("text", out.text);
  out.text.heads = heads_of(out.text.width, usual_head_width);
  const auto beside = file.parent_path() / (dialect == Dialect::open_clip ? "open_clip_config.json" : "config.json");
  if (std::filesystem::exists(beside)) {
    apply_stated_config(beside, dialect, out);
  } else {
    const bool large = usual_vision_head_width(out.vision.width) != usual_head_width;
    out.activation = large ? Activation::gelu : Activation::quick_gelu;
    result.assumption = text(
        where, " has no ", beside.filename().string(), " beside it, so its activation is taken to be ",
        large ? "GELU." : "QuickGELU, as in OpenAI's weights; set model.activation if it was trained with another.");
  }
  out.check();
  return result;
}

}  // namespace fedorbit
