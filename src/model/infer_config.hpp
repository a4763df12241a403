// The sizes of a CLIP whose file does not state them: from its tensors' shapes and the configuration beside it.
#pragma once
#include <filesystem>

#include "model/clip_config.hpp"
#include "model/dialects.hpp"

namespace fedorbit {

/// `file` is where the tensors came from; config.json (Hugging Face) or open_clip_config.json in its folder give heads
/// and activation. Without them, heads of 64 channels and quick_gelu.
ClipConfig infer_config(const NamedTensors& tensors, Dialect dialect, const std::filesystem::path& file);

}  // namespace fedorbit
