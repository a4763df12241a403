// Reading a CLIP: every tensor that its sizes ask for is found, joined, turned and checked; what else the file holds
// (masks, position numbers) is passed over.
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>

#include "core/error.hpp"
#include "io/file.hpp"
#include "model/clip.hpp"
#include "model/clip_tensors.hpp"
#include "model/dialects.hpp"
#include "model/infer_config.hpp"

namespace fedorbit {
namespace {

Tensor take(const NamedTensors& tensors, Dialect dialect, const TensorShape& wanted, const std::string& where) {
  const auto names = names_in(dialect, wanted.name);
  const bool turned = transposed_in(dialect, wanted.name);
  std::vector<std::int64_t> shape = wanted.shape;
  if (turned) std::swap(shape[0], shape[1]);
  if (!shape.empty()) shape[0] /= std::int64_t(names.size());
  std::vector<Tensor> found;
  for (const std::string& name : names) {
    const auto entry = tensors.find(name);
    require(entry != tensors.end(), where, " lacks the tensor '", name, "' of shape ", at::IntArrayRef(shape), ".");
    const Tensor& tensor = entry->second;
    // Some programs write a scalar as a vector of one.
    const bool fits = tensor.sizes() == at::IntArrayRef(shape) || (shape.empty() && tensor.numel() == 1);
    require(fits, "tensor '", name, "' of ", where, " has the shape ", tensor.sizes(), ", where ",
            at::IntArrayRef(shape), " is expected.");
    require(tensor.is_floating_point(), "tensor '", name, "' of ", where, " does not hold floating-point numbers.");
    found.push_back(tensor.to(at::kFloat).reshape(shape));
    require(at::isfinite(found.back()).all().item<bool>(), "tensor '", name, "' of ", where,
            " holds numbers that are not finite.");
  }
  const Tensor joined = found.size() == 1 ? found[0] : at::cat(found, 0);
  return turned ? joined.t().contiguous() : joined;
}

Clip assemble(const Safetensors& read, const ClipConfig& config, Dialect dialect, Tokenizer tokenizer,
              std::string checksum, const std::string& where) {
  require(tokenizer.vocabulary_size() == config.text.vocabulary_size, where, " has ", config.text.vocabulary_size,
          " token embeddings, but the vocabulary that goes with it has ", tokenizer.vocabulary_size(), " tokens.");
  Clip out{config, {}, std::move(tokenizer), std::move(checksum)};
  for (const TensorShape& wanted : clip_shapes(config))
    out.tensors[wanted.name] = take(read.tensors, dialect, wanted, where);
  return out;
}

/// A file of our own says its sizes and brings its vocabulary.
Clip assemble_own(const Safetensors& read, std::string checksum, const std::string& where) {
  const auto entry = [&](const char* key) -> const std::string& {
    const auto found = read.metadata.find(key);
    require(found != read.metadata.end(), where, " is not a whole CLIP of ours: its metadata lack '", key, "'.");
    return found->second;
  };
  const ClipConfig config = ClipConfig::from_json(entry("config"), where);
  Tokenizer tokenizer(entry("merges"), "the merges in " + where);
  return assemble(read, config, Dialect::canonical, std::move(tokenizer), std::move(checksum), where);
}

}  // namespace

Clip load_clip(const std::filesystem::path& file, const ClipLoading& loading) {
  const Safetensors read = read_safetensors(file);
  const std::string where = file.string();
  const Dialect dialect = recognise_dialect(read.tensors, where);
  if (dialect == Dialect::canonical) return assemble_own(read, sha256_of_file(file), where);
  ClipConfig config = infer_config(read.tensors, dialect, file);
  config.activation = loading.activation.value_or(config.activation);
  auto folder = file.parent_path().empty() ? std::filesystem::path(".") : file.parent_path();
  Tokenizer tokenizer = Tokenizer::load(loading.vocabulary.empty() ? folder : loading.vocabulary);
  return assemble(read, config, dialect, std::move(tokenizer), sha256_of_file(file), where);
}

Clip load_clip(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view characters(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return assemble_own(read_safetensors(bytes, name), sha256(characters), name);
}

}  // namespace fedorbit
