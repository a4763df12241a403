#include "model/checkpoints/checkpoint_reader.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "model/checkpoints/clip_tensors.hpp"

namespace fedorbit {
namespace {

struct Telling {
  std::string_view beginning, architecture;
};
constexpr std::array<Telling, 9> others{{
    {"vision_model.head.", "SigLIP, whose vision tower pools by attention"},
    {"visual.trunk.", "a vision tower of the library timm (as SigLIP, EVA and ConvNeXt have)"},
    {"visual.head.", "a vision tower of the library timm"},
    {"visual.attn_pool.", "CoCa or another vision transformer that pools by attention"},
    {"text.transformer.embeddings.", "a text tower of the library transformers (as multilingual models have)"},
    {"text.transformer.encoder.", "a text tower of the library transformers (as multilingual models have)"},
    {"text.proj.", "a text tower of the library transformers (as multilingual models have)"},
    {"text.cls_emb", "CoCa, whose text tower has a class token"},
    {"text_decoder.", "CoCa, which writes captions"},
}};

/// Tensors that say nothing about features: numbers of positions, masks, counters, sizes, and what a sigmoid loss adds
/// to all logits alike.
constexpr std::array<std::string_view, 8> meaningless{"position_ids",        "attn_mask",        "mask",
                                                      "num_batches_tracked", "input_resolution", "context_length",
                                                      "vocab_size",          "logit_bias"};

bool is_meaningless(std::string_view name) {
  const auto last = name.substr(name.rfind('.') + 1);
  return std::find(meaningless.begin(), meaningless.end(), last) != meaningless.end();
}

/// Whether no number has all bits of `exponent` set, which is how infinities and NaN are written.
template <class Bits>
bool all_finite(const void* data, std::int64_t count, Bits exponent) {
  const auto* bits = static_cast<const Bits*>(data);
  Bits bad = 0;
  for (std::int64_t i = 0; i < count; ++i) bad |= Bits((bits[i] & exponent) == exponent);
  return bad == 0;
}

/// Without the temporaries that a library's check makes: the largest tensor may be a tenth of the file.
bool is_finite(const Tensor& plain) {
  const std::int64_t count = plain.numel();
  switch (plain.scalar_type()) {
    case at::kFloat:
      return all_finite<std::uint32_t>(plain.const_data_ptr(), count, 0x7F800000u);
    case at::kHalf:
      return all_finite<std::uint16_t>(plain.const_data_ptr(), count, 0x7C00);
    case at::kBFloat16:
      return all_finite<std::uint16_t>(plain.const_data_ptr(), count, 0x7F80);
    default:
      return all_finite<std::uint64_t>(plain.const_data_ptr(), count, 0x7FF0000000000000u);
  }
}

}  // namespace

void refuse_other_architectures(const NamedTensors& tensors, const std::string& where) {
  for (const auto& [beginning, architecture] : others) {
    const auto found = tensors.lower_bound(std::string(beginning));
    require(found == tensors.end() || !found->first.starts_with(beginning), where, " has the architecture of ",
            architecture, " (tensor '", found == tensors.end() ? "" : found->first,
            "'), which is not supported; CLIP's vision transformers and residual networks with its text transformer "
            "are.");
  }
}

const Tensor& CheckpointReader::find(const std::string& name, const std::vector<std::int64_t>& shape) {
  const auto entry = weights_.tensors.find(name);
  require(entry != weights_.tensors.end(), where_, " lacks the tensor '", name, "' of shape ", at::IntArrayRef(shape),
          ".");
  const Tensor& tensor = entry->second;
  const bool fits = tensor.sizes() == at::IntArrayRef(shape) || (shape.empty() && tensor.numel() == 1);
  require(fits, "tensor '", name, "' of ", where_, " has the shape ", tensor.sizes(), ", where ",
          at::IntArrayRef(shape), " is expected.");
  const auto type = tensor.scalar_type();
  require(type == at::kFloat || type == at::kHalf || type == at::kBFloat16 || type == at::kDouble, "tensor '", name,
          "' of ", where_, " does not hold floating-point numbers.");
  require(is_finite(tensor.contiguous()), "tensor '", name, "' of ", where_, " holds numbers that are not finite.");
  taken_.insert(name);
  return tensor;
}

Tensor CheckpointReader::copied(const Tensor& made, const Tensor& source) const {
  if (made.const_data_ptr() != source.const_data_ptr()) weights_.release(source);
  return made;
}

Tensor CheckpointReader::take(const std::string& name, const std::vector<std::int64_t>& shape) {
  const Tensor& found = find(name, shape);
  const Tensor out = copied(found.to(keeps_float32(name) ? at::kFloat : type_).contiguous(), found).reshape(shape);
  require(found.scalar_type() != at::kDouble || is_finite(out.to(at::kFloat)), "tensor '", name, "' of ", where_,
          " holds numbers beyond float32.");
  return out;
}

Tensor CheckpointReader::take_joined(const std::vector<std::string>& names, std::vector<std::int64_t> shape) {
  if (names.size() == 1) return take(names[0], shape);
  shape[0] /= std::int64_t(names.size());
  std::vector<Tensor> parts;
  for (const std::string& name : names) parts.push_back(find(name, shape).to(type_));
  Tensor out = at::cat(parts, 0);
  for (const std::string& name : names) weights_.release(weights_.tensors.at(name));
  return out;
}

std::vector<Tensor> CheckpointReader::take_joint(const std::vector<std::string>& names,
                                                 std::vector<std::int64_t> shape) {
  const bool in_place = std::ranges::all_of(names, [&](const std::string& name) {
    const auto found = weights_.tensors.find(name);
    return found != weights_.tensors.end() && found->second.scalar_type() == type_ && found->second.is_contiguous();
  });
  if (!in_place) return {take_joined(names, shape)};
  shape[0] /= std::int64_t(names.size());
  std::vector<Tensor> out;
  for (const std::string& name : names) out.push_back(take(name, shape));
  return out;
}

Tensor CheckpointReader::take_transposed(const std::string& name, const std::vector<std::int64_t>& shape) {
  const Tensor& found = find(name, {shape[1], shape[0]});
  return copied(found.t().to(type_).contiguous(), found);
}

std::pair<Tensor, Tensor> CheckpointReader::take_folded(const std::string& convolution, const std::string& norm,
                                                        const std::vector<std::int64_t>& shape) {
  const auto of_norm = [&](const char* part) { return find(norm + part, {shape[0]}).to(at::kDouble); };
  const Tensor variance = of_norm(".running_var");
  require(variance.min().item<double>() >= 0, "tensor '", norm, ".running_var' of ", where_,
          " holds a negative variance.");
  const Tensor scale = of_norm(".weight") / (variance + 1e-5).sqrt();
  const Tensor& weight = find(convolution, shape);
  const Tensor folded = (weight.to(at::kDouble) * scale.view({-1, 1, 1, 1})).to(type_);
  weights_.release(weight);
  return {folded, (of_norm(".bias") - of_norm(".running_mean") * scale).to(type_)};
}

void CheckpointReader::leave(const std::string& beginning) {
  for (const auto& [name, tensor] : weights_.tensors)
    if (name.starts_with(beginning)) taken_.insert(name);
}

void CheckpointReader::check_rest() const {
  for (const auto& [name, tensor] : weights_.tensors)
    require(taken_.contains(name) || is_meaningless(name), where_, " has the tensor '", name, "' of shape ",
            tensor.sizes(), ", which no model of these sizes has: its model computes something that is not supported.");
}

}  // namespace fedorbit
