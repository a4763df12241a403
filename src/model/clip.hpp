// A CLIP as a value: its sizes, its weights by canonical name, its vocabulary; read from a file and written to one.
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/mapping.hpp"
#include "io/safetensors.hpp"
#include "model/clip_config.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace fedorbit {

/// What our own weights say they are, in their metadata.
inline constexpr const char* clip_format = "fedorbit-clip-1";

struct Clip {
  ClipConfig config;
  NamedTensors tensors;  // canonical names, see model/checkpoints/clip_tensors.hpp
  Tokenizer tokenizer;
  std::string checksum;         // SHA-256 of the file that it came from, hexadecimal; empty for a CLIP made in memory
  std::string assumption = {};  // a sentence on what neither the file nor its configuration said, or empty
  std::vector<FileBytes> files = {};  // that tensors are views on

  /// The factor on cosines, 1 / temperature: exp of the tensor "logit_scale".
  double logit_scale() const;
  /// The same weights in another type or on another device; see keeps_float32.
  Clip to(c10::TensorOptions options) const;
  /// Gives the files' pages back; those that are used come again from the file.
  void release() const;
};

/// What a file of foreign weights may leave open.
struct ClipLoading {
  std::optional<Activation> activation;  // otherwise as the configuration beside says, or quick_gelu without one
  std::filesystem::path vocabulary;      // otherwise looked for in the weights' folder, then in vocabulary_cache()
  c10::ScalarType type = c10::ScalarType::Float;  // of the tensors in memory: float32 or bfloat16
};

/// Where jobs/setup leaves CLIP's vocabulary: ${XDG_CACHE_HOME:-~/.cache}/fedorbit/vocabulary.
std::filesystem::path vocabulary_cache();

/// Weights on the CPU from whatever read_weights (io/weights.hpp) reads, with our own names, open_clip's (and OpenAI's)
/// or Hugging Face's. Tensors that have the wanted type already stay in the mapped file, so that ranks of a node share
/// them (queries, keys and values in three parts where the file has them so, see model/towers/joint_weight.hpp); of
/// others only the copy stays in memory. Foreign files give their sizes by their tensors' shapes, and by the
/// config.json or open_clip_config.json beside them (model/checkpoints/infer_config.hpp). A missing tensor, one too
/// many, a wrong shape or a number that is not finite is an Error that names the tensor as the file does; so is an
/// architecture that is not supported.
Clip load_clip(const std::filesystem::path& file, const ClipLoading& loading = {});

/// From a file in our own format that lies in memory; `name` stands for it in errors.
Clip load_clip(std::span<const std::byte> bytes, const std::string& name);

/// In our own format: canonical names, and the configuration and merges as metadata. `type` float32, float16 or
/// bfloat16.
void save_clip(const std::filesystem::path& file, const Clip& clip, c10::ScalarType type = c10::ScalarType::Float);

}  // namespace fedorbit
