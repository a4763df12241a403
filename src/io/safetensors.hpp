// Named tensors in a file: the safetensors format (https://huggingface.co/docs/safetensors), read by mapping the file
// and written whole or not at all.
#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "core/tensor.hpp"
#include "io/mapping.hpp"

namespace fedorbit {

using NamedTensors = std::map<std::string, Tensor>;
using Metadata = std::map<std::string, std::string>;

struct Safetensors {
  NamedTensors tensors;
  Metadata metadata;
};

/// Tensors are views on a private mapping of the file, which lives as long as any of them; writing to one changes
/// neither the file nor another reader's view. Throws a sentence on anything in the header that is not true.
Safetensors read_safetensors(const std::filesystem::path& file);

/// The same from bytes in memory, which are copied; `name` stands for the file in errors.
Safetensors read_safetensors(std::span<const std::byte> bytes, const std::string& name);

/// The same from bytes that are there already: tensors are views on them and hold their owner.
Safetensors read_safetensors(const FileBytes& bytes, const std::string& name);

/// Writes `file` + ".part" and renames it. Tensors of float64, float32, float16, bfloat16, int64, int32, int16, int8,
/// uint8 or bool, on any device. `metadata` is free text.
void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors, const Metadata& metadata = {});

}  // namespace fedorbit
