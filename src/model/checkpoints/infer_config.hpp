// The sizes of a CLIP whose file does not state them: from its tensors' shapes and the configuration beside it.
#pragma once
#include <filesystem>
#include <string>

#include "model/checkpoints/dialects.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

struct InferredConfig {
  ClipConfig config;
  std::string assumption;  // a sentence on what nothing stated, or empty
};

/// `file` is where the tensors came from. config.json (Hugging Face) or open_clip_config.json in its folder gives heads
/// and activation, and is refused where it describes what is not supported or contradicts the shapes. Without it: heads
/// of 64 channels, except in vision towers of the widths that ViT-H, g and bigG have (80, 88, 104); quick_gelu, except
/// for those, which OpenAI never trained.
InferredConfig infer_config(const NamedTensors& tensors, Dialect dialect, const std::filesystem::path& file);

}  // namespace fedorbit
