// Named tensors from whatever a checkpoint comes as; the tensors stay in the files, which are mapped.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "io/mapping.hpp"
#include "io/safetensors.hpp"

namespace fedorbit {

enum class WeightsFormat { safetensors, torch, torch_script };

struct Weights {
  NamedTensors tensors;  // views on private mappings, which live as long as any of them; processes share their pages
  Metadata metadata;     // of safetensors
  WeightsFormat format = WeightsFormat::safetensors;
  std::vector<std::filesystem::path> files;  // that hold the tensors, and the index first where there is one
  std::vector<FileBytes> bytes;              // their contents

  /// After `view` was copied: gives its pages back, so that original and copy are not both in memory.
  void release(const Tensor& view) const;
  /// SHA-256, hexadecimal, of the file, or of the checksums of all files in their order.
  std::string checksum() const;
};

/// `path` is a safetensors file; a file that torch.save (PyTorch 1.6 or later) or torch.jit.save wrote, whatever its
/// name; an index of files, NAME.index.json, as Hugging Face shards them; or a folder that holds one of these under a
/// usual name. What modules around the model put before every name ("module.", "model." and the like) is taken off.
/// Throws a sentence where it is none of them or is not what it says.
Weights read_weights(const std::filesystem::path& path);

/// The file that read_weights would take from a folder; a path that is no folder is returned as it is.
std::filesystem::path find_weights(const std::filesystem::path& path);

/// The same from bytes, which are copied; `name` stands for the file in errors. For files in memory.
Weights read_weights(std::span<const std::byte> bytes, const std::string& name);

}  // namespace fedorbit
