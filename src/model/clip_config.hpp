// The sizes of a CLIP (Radford et al. 2021, arXiv 2103.00020): a text transformer, a vision transformer or residual
// network, and the space they share.
#pragma once
#include <array>
#include <cstdint>
#include <string>

namespace fedorbit {

/// What stands between the two layers of an MLP: x * sigmoid(1.702 x) in OpenAI's weights, GELU in many others.
enum class Activation { quick_gelu, gelu };

/// The sizes that both towers have.
struct TowerConfig {
  std::int64_t width = 0, layers = 0, heads = 0;
  std::int64_t mlp_width = 0;  // usually 4 x width
};

struct VisionConfig : TowerConfig {
  std::int64_t image_size = 0, patch_size = 0;  // pixels, square
  /// Blocks of a residual network's four stages; all 0 for a vision transformer. A residual network has a width (of its
  /// stem; the last stage is 32 times as wide) and the heads of its attention pooling, but neither layers nor an MLP;
  /// its patch is the 32 pixels that one place of the last stage stands for.
  std::array<std::int64_t, 4> stages{};
  bool residual() const { return stages[0] > 0; }
  std::int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }
};

struct TextConfig : TowerConfig {
  std::int64_t context_length = 0;   // tokens, [SOS] and [EOT] among them
  std::int64_t vocabulary_size = 0;  // the end-of-text token is the last of it
};

struct ClipConfig {
  std::int64_t embed_dim = 0;  // d, of the space that images and texts share
  VisionConfig vision;
  TextConfig text;
  Activation activation = Activation::quick_gelu;

  /// Throws a sentence naming the size that cannot be.
  void check() const;
  /// As JSON, and back; `where` names the source in errors.
  std::string to_json() const;
  static ClipConfig from_json(const std::string& json, const std::string& where);
};

}  // namespace fedorbit
