// Reading a CLIP: every tensor that its sizes ask for is found, turned and checked; none may be left over,
// apart from masks, position numbers and the like.

#include "core/cache_folder.hpp"
#include "core/error.hpp"
#include "io/file.hpp"
#include "model/checkpoints/checkpoint_reader.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/checkpoints/dialects.hpp"
#include "model/checkpoints/infer_config.hpp"
#include "model/clip.hpp"
#include "model/towers/joint_weight.hpp"

namespace fedorbit {
namespace {

Clip assemble(const Weights& weights, const ClipConfig& config, Dialect dialect, Tokenizer tokenizer,
              std::string checksum, c10::ScalarType type, const std::string& where) {
  require(tokenizer.vocabulary_size() == config.text.vocabulary_size, where, " has ", config.text.vocabulary_size,
          " token embeddings, but the vocabulary that goes with it has ", tokenizer.vocabulary_size(),
          " tokens; name the right one, or put it beside the file.");
  Clip out{config, {}, std::move(tokenizer), std::move(checksum), {}};
  CheckpointReader checkpoint(weights, where, type);
  for (const auto& [name, shape] : clip_shapes(config)) {
    if (out.tensors.contains(name)) continue;  // a bias that came with its convolution
    if (const auto folded = folded_in(dialect, name)) {
      auto [weight, bias] = checkpoint.take_folded(folded->convolution, folded->norm, shape);
      out.tensors[name] = weight;
      out.tensors[name.substr(0, name.size() - 6) + "bias"] = bias;
    } else if (transposed_in(dialect, name)) {
      out.tensors[name] = checkpoint.take_transposed(names_in(dialect, name)[0], shape);
    } else if (const auto names = names_in(dialect, name); names.size() == 1 || shape.size() == 1) {
      out.tensors[name] = checkpoint.take_joined(names, shape);
    } else {
      const auto parts = checkpoint.take_joint(names, shape);
      for (std::size_t i = 0; i < parts.size(); ++i)
        out.tensors[parts.size() == 1 ? name : name + joint_parts[i]] = parts[i];
    }
  }
  checkpoint.check_rest();
  out.files = weights.bytes;
  out.release();  // a run that has its features reads no vision tower
  return out;
}

/// A file of our own says its sizes and brings its vocabulary.
Clip assemble_own(const Weights& weights, std::string checksum, c10::ScalarType type, const std::string& where) {
  const auto entry = [&](const char* key) -> const std::string& {
    const auto found = weights.metadata.find(key);
    require(found != weights.metadata.end(), where, " is not a whole CLIP of ours: its metadata lack '", key, "'.");
    return found->second;
  };
  const ClipConfig config = ClipConfig::from_json(entry("config"), where);
  Tokenizer tokenizer(entry("merges"), "the merges in " + where);
  return assemble(weights, config, Dialect::canonical, std::move(tokenizer), std::move(checksum), type, where);
}

Tokenizer load_tokenizer(const std::filesystem::path& named, const std::filesystem::path& beside) {
  if (!named.empty()) return Tokenizer::load(named);
  if (Tokenizer::is_in(beside)) return Tokenizer::load(beside);
  const auto cache = vocabulary_cache();
  if (Tokenizer::is_in(cache)) return Tokenizer::load(cache);
  fail("no vocabulary goes with the weights: neither ", beside.string(), " nor ", cache.string(), " has ",
       Tokenizer::file_names(), "; name one with model.vocabulary.");
}

}  // namespace

std::filesystem::path vocabulary_cache() { return cache_folder("vocabulary", "model.vocabulary"); }

Clip load_clip(const std::filesystem::path& path, const ClipLoading& loading) {
  Weights weights = read_weights(path);
  const std::string where = weights.files[0].string();
  refuse_other_architectures(weights.tensors, where);
  join_text_tower(weights.tensors);
  const Dialect dialect = recognise_dialect(weights.tensors, where);
  if (dialect == Dialect::canonical) {
    require(!loading.activation && loading.vocabulary.empty(), where,
            " says its activation and brings its vocabulary: model.activation and model.vocabulary do not go with it.");
    return assemble_own(weights, weights.checksum(), loading.type, where);
  }
  auto [config, assumption] = infer_config(weights.tensors, dialect, weights.files[0]);
  config.activation = loading.activation.value_or(config.activation);
  const auto folder = weights.files[0].parent_path();
  Tokenizer tokenizer = load_tokenizer(loading.vocabulary, folder.empty() ? "." : folder);
  // What stands beside the weights is part of what they compute.
  std::string checksum = sha256(text(weights.checksum(), "\n", config.to_json(), "\n", tokenizer.merges()));
  Clip out = assemble(weights, config, dialect, std::move(tokenizer), std::move(checksum), loading.type, where);
  if (!loading.activation) out.assumption = assumption;
  return out;
}

Clip load_clip(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view characters(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return assemble_own(read_weights(bytes, name), sha256(characters), at::kFloat, name);
}

}  // namespace fedorbit
