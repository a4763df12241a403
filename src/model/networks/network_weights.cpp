#include "model/networks/network_weights.hpp"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/cat.h>

#include <array>
#include <cmath>
#include <string_view>

#include "core/error.hpp"
#include "core/toml.hpp"
#include "io/json.hpp"
#include "model/checkpoints/checkpoint_reader.hpp"

namespace fedorbit {
namespace {

struct Word {
  std::string_view ours, theirs;
};

/// timm's names of a vision transformer's tensors, and torchvision's. Residual networks have the same names in both.
constexpr std::array<Word, 14> torchvision{{
    {"cls_token", "class_token"},
    {"pos_embed", "encoder.pos_embedding"},
    {"patch_embed.proj.", "conv_proj."},
    {"blocks.", "encoder.layers.encoder_layer_"},
    {".norm1.", ".ln_1."},
    {".norm2.", ".ln_2."},
    {".attn.qkv.", ".self_attention.in_proj_"},
    {".attn.proj.", ".self_attention.out_proj."},
    {".mlp.fc1.", ".mlp.0."},
    {".mlp.fc2.", ".mlp.3."},
    {".mlp.0.", ".mlp.linear_1."},  // as its published files have it
    {".mlp.3.", ".mlp.linear_2."},
    {"norm.", "encoder.ln."},
    {"head.", "heads.head."},
}};

/// Where our own models' tensors stand that were only there to learn without labels.
constexpr std::array<const char*, 5> heads_without_labels{"projector.", "predictor.", "aligner.", "mask_token",
                                                          "decoder"};

/// What the file calls a tensor of ours.
std::string name_in(const NamedTensors& file, const std::string& ours) {
  if (file.contains(ours) || !file.contains("conv_proj.weight")) return ours;
  std::string name = ours;
  for (const auto& [from, to] : torchvision) {
    if (file.contains(name)) break;
    if (from.front() != '.' ? name.starts_with(from) : name.find(from) != name.npos)
      name.replace(name.find(from), from.size(), to);
  }
  return name;
}

/// Positions (1, 1 + m, w) for a grid of another size, as timm resamples them: the class token's stays.
Tensor resampled(const Tensor& positions, std::int64_t grid, std::int64_t wanted) {
  const std::int64_t width = positions.size(2);
  const Tensor places = positions.narrow(1, 1, grid * grid).reshape({1, grid, grid, width}).permute({0, 3, 1, 2});
  const Tensor moved = at::_upsample_bicubic2d_aa(places, {wanted, wanted}, /*align_corners=*/false);
  return at::cat({positions.narrow(1, 0, 1), moved.permute({0, 2, 3, 1}).reshape({1, wanted * wanted, width})}, 1);
}

/// Throws where a run's model is of another backbone, as far as the learner's options in the file say what it is of.
void require_words(const Metadata& metadata, const std::string& where, const BackboneWords& words) {
  const auto learner = metadata.find("learner"), said = metadata.find("options");
  if (learner == metadata.end() || said == metadata.end()) return;
  const toml::table options = parse_toml(said->second, text(where, ": options"));
  for (const auto& [name, ours] : words.options)
    if (const auto theirs = options[learner->second][name].value<std::string>(); theirs && *theirs != ours)
      fail(where, " was learned with ", learner->second, ".", name, " = \"", *theirs, "\", and ", words.section, ".",
           name, " = \"", ours, "\" is another backbone: name the same.");
}

/// Whether a model of our own says that its head tells other classes apart, or these in another order.
bool names_others(const Metadata& metadata, const std::string& where, const std::vector<std::string>& classes) {
  const auto said = metadata.find("class_names");
  return said != metadata.end() && !classes.empty() &&
         parse_json(said->second, text(where, ": class_names")) != nlohmann::json(classes);
}

std::int64_t grid_of(std::int64_t tokens) { return std::llround(std::sqrt(double(tokens - 1))); }

}  // namespace

NetworkWeights read_network(const std::filesystem::path& path, const Backbone& network, std::int64_t classes,
                            const BackboneWords& words) {
  const Weights weights = read_weights(path);
  const std::string where = weights.files[0].string();
  require_words(weights.metadata, where, words);
  CheckpointReader reader(weights, where, at::kFloat);
  NetworkWeights out;
  out.checksum = weights.checksum();
  for (const NetworkTensor& wanted : network.tensors()) {
    const std::string name = name_in(weights.tensors, wanted.name);
    std::vector<std::int64_t> shape = wanted.shape;
    const auto found = weights.tensors.find(name);
    if (wanted.name == "pos_embed" && found != weights.tensors.end() && found->second.dim() == 3) {
      const std::int64_t tokens = found->second.size(1), grid = grid_of(tokens);
      if (tokens > 1 && grid * grid + 1 == tokens) shape[1] = tokens;
    }
    Tensor& tensor = out.tensors[wanted.name] = reader.take(name, shape);
    if (shape == wanted.shape) continue;
    const std::int64_t from = grid_of(shape[1]), to = grid_of(wanted.shape[1]);
    tensor = resampled(tensor, from, to);
    out.note = text("position embeddings of ", where, " were resampled from ", from, " x ", from, " to ", to, " x ", to,
                    " patches");
  }
  const std::string head = network.head(), file_head = name_in(weights.tensors, head + ".weight");
  if (const auto found = weights.tensors.find(file_head); found != weights.tensors.end() && found->second.dim() == 2) {
    const std::int64_t theirs = found->second.size(0);
    for (const auto& [part, shape] : {std::pair{".weight", std::vector<std::int64_t>{theirs, network.width()}},
                                      std::pair{".bias", std::vector<std::int64_t>{theirs}}})
      out.tensors[head + part] = reader.take(name_in(weights.tensors, head + part), shape);
    const bool others = theirs == classes && names_others(weights.metadata, where, words.classes);
    out.head = theirs == classes && !others;
    if (!out.head) {
      for (const char* part : {".weight", ".bias"}) out.tensors.erase(head + part);
    }
    if (!out.head && classes > 0)
      out.note += text(out.note.empty() ? "" : "; ", "the head of ", where, " tells ",
                       others ? "other" : std::to_string(theirs), " classes apart, not ",
                       others ? "these" : std::to_string(classes), ": it begins anew");
  }
  if (!out.note.empty()) out.note += ".";
  for (const char* behind : heads_without_labels) reader.leave(behind);
  reader.check_rest();
  for (const FileBytes& bytes : weights.bytes) release_pages(bytes, bytes.data, bytes.size);
  return out;
}

}  // namespace fedorbit
