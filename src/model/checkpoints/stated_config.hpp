// What the configuration beside a checkpoint says of it, in Hugging Face's words or open_clip's.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "model/checkpoints/dialects.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

/// Sets heads and activation of `config`, whose other sizes come from the tensors. Throws a sentence where the file
/// contradicts those, or asks for something that is not supported: another family of models, another pooling, another
/// epsilon, a text tower without a mask.
void apply_stated_config(const std::filesystem::path& file, Dialect dialect, ClipConfig& config);
/// The same from the file's content; `where` names it in errors.
void apply_stated_config(std::string_view content, const std::string& where, Dialect dialect, ClipConfig& config);

}  // namespace fedorbit
