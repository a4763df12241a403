#include "model/towers/text_tower.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/matmul.h>

#include "core/error.hpp"

namespace fedorbit {

NamedTensors frozen_text(const NamedTensors& tensors) {
  NamedTensors out;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with("text.")) out[name] = tensor.detach();
  return out;
}

Tensor embed_tokens(const NamedTensors& tensors, const Tensor& tokens) {
  return at::embedding(tensor_of(tensors, "text.tokens"), tokens);
}

Tensor project_text(const NamedTensors& tensors, const Tensor& read) {
  return at::matmul(layer_norm(tensors, "text.norm_after", read), tensor_of(tensors, "text.projection")).to(at::kFloat);
}

Tensor encode_embedded(const NamedTensors& tensors, const ClipConfig& config, const Tensor& embedded,
                       const Tensor& ends) {
  const Tensor x = run_layers(tensors, "text", config.text, config.activation, true, embedded);
  const Tensor index = ends.view({-1, 1, 1}).expand({-1, 1, x.size(2)});
  const Tensor read = x.gather(1, index).squeeze(1);  // (N, w)
  return project_text(tensors, read);
}

Tensor encode_tokens(const NamedTensors& tensors, const ClipConfig& config, const Tensor& tokens) {
  require(tokens.dim() == 2 && tokens.scalar_type() == at::kLong && tokens.numel() > 0 &&
              tokens.size(1) <= config.text.context_length,
          "the text tower wants tokens of (N, at most ", config.text.context_length, ") int64, not ", tokens.sizes(),
          " ", tokens.toString(), ".");
  const std::int64_t lowest = tokens.min().item<std::int64_t>(), highest = tokens.max().item<std::int64_t>();
  require(lowest >= 0 && highest < config.text.vocabulary_size, "the text tower knows tokens from 0 to ",
          config.text.vocabulary_size - 1, "; it was given ", lowest < 0 ? lowest : highest, ".");
  const Tensor ends = at::argmax(tokens, 1);
  const std::int64_t length = ends.max().item<std::int64_t>() + 1;
  const Tensor positions = tensor_of(tensors, "text.positions").narrow(0, 0, length);
  return encode_embedded(tensors, config, embed_tokens(tensors, tokens.narrow(1, 0, length)) + positions, ends);
}

}  // namespace fedorbit
