#include "model/towers/tower.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>

#include "core/error.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/trained_product.hpp"

namespace fedorbit {
namespace {

/// One layer of a tower, by its name.
struct Layer {
  const NamedTensors& tensors;
  const TowerConfig& config;
  Activation activation;
  const LayerWords& words;
  std::string name;

  Tensor norm(const char* which, const Tensor& x) const { return layer_norm(tensors, name + which, x, words.epsilon); }
  Tensor forward(bool causal, const Tensor& x) const {
    const Tensor out = x + attention(causal, norm(".norm1", x));
    return out + mlp(tensors, name, activation, norm(".norm2", out), words);
  }
  /// The first position alone: (N, L, w) -> (N, 1, w).
  Tensor forward_first(const Tensor& x) const {
    const Tensor out = x.narrow(1, 0, 1) + attention_of_first(norm(".norm1", x));
    return out + mlp(tensors, name, activation, norm(".norm2", out), words);
  }

 private:
  /// Multi-head attention of (N, L, w); queries, keys and values come from one product.
  Tensor attention(bool causal, const Tensor& x) const {
    const std::int64_t count = x.size(0), length = x.size(1), width = x.size(2), heads = config.heads;
    const Tensor joined =
        joint_linear(tensors, name + words.attention_in, x).view({count, length, 3, heads, width / heads});
    const auto part = [&](std::int64_t which) {
      return joined.select(2, which).transpose(1, 2);
    };  // (N, heads, L, w/h)
    const Tensor mixed = at::scaled_dot_product_attention(part(0), part(1), part(2), {}, 0.0, causal);
    return linear(tensors, name + words.attention_out, mixed.transpose(1, 2).reshape({count, length, width}));
  }

  /// What attention gives the first position alone: (N, L, w) -> (N, 1, w).
  Tensor attention_of_first(const Tensor& x) const {
    const std::int64_t count = x.size(0), length = x.size(1), width = x.size(2), heads = config.heads;
    const Tensor query = joint_linear(tensors, name + words.attention_in, x.narrow(1, 0, 1), 0, 1);
    const Tensor joined =
        joint_linear(tensors, name + words.attention_in, x, 1, 2).view({count, length, 2, heads, width / heads});
    const Tensor mixed =
        at::scaled_dot_product_attention(query.view({count, 1, heads, width / heads}).transpose(1, 2),
                                         joined.select(2, 0).transpose(1, 2), joined.select(2, 1).transpose(1, 2));
    return linear(tensors, name + words.attention_out, mixed.transpose(1, 2).reshape({count, 1, width}));
  }
};

}  // namespace

const Tensor& tensor_of(const NamedTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) fail("the model has no tensor '", name, "'.");
  return found->second;
}

Tensor linear(const NamedTensors& tensors, const std::string& name, const Tensor& x) {
  return trained_product(x, tensor_of(tensors, name + ".weight"), tensor_of(tensors, name + ".bias"));
}

Tensor mlp(const NamedTensors& tensors, const std::string& name, Activation activation, const Tensor& x,
           const LayerWords& words) {
  const Tensor inner = linear(tensors, name + words.mlp_in, x);
  return linear(tensors, name + words.mlp_out,
                activation == Activation::gelu ? at::gelu(inner) : inner * at::sigmoid(1.702 * inner));
}

Tensor layer_norm(const NamedTensors& tensors, const std::string& name, const Tensor& x, double epsilon) {
  const Tensor& weight = tensor_of(tensors, name + ".weight");
  return at::layer_norm(x, weight.sizes(), weight, tensor_of(tensors, name + ".bias"), epsilon);
}

Tensor run_layers(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                  Activation activation, bool causal, const Tensor& x, const LayerWords& words) {
  Tensor out = x;
  for (std::int64_t i = 0; i < config.layers; ++i)
    out = Layer{tensors, config, activation, words, text(prefix, words.number, i)}.forward(causal, out);
  return out;
}

Tensor run_layers_to_first(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                           Activation activation, const Tensor& x, const LayerWords& words) {
  if (config.layers == 0) return x.narrow(1, 0, 1);
  Tensor out = x;
  for (std::int64_t i = 0; i + 1 < config.layers; ++i)
    out = Layer{tensors, config, activation, words, text(prefix, words.number, i)}.forward(false, out);
  return Layer{tensors, config, activation, words, text(prefix, words.number, config.layers - 1)}.forward_first(out);
}

}  // namespace fedorbit
