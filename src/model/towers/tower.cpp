#include "model/towers/tower.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>

#include "core/error.hpp"
#include "model/towers/joint_weight.hpp"

namespace fedorbit {
namespace {

/// Multi-head attention of (N, L, w); queries, keys and values come from one product.
Tensor attention(const NamedTensors& tensors, const std::string& name, std::int64_t heads, bool causal,
                 const Tensor& x) {
  const std::int64_t count = x.size(0), length = x.size(1), width = x.size(2);
  const Tensor joined = joint_linear(tensors, name + ".in", x).view({count, length, 3, heads, width / heads});
  const auto part = [&](std::int64_t which) { return joined.select(2, which).transpose(1, 2); };  // (N, heads, L, w/h)
  const Tensor mixed = at::scaled_dot_product_attention(part(0), part(1), part(2), {}, 0.0, causal);
  return linear(tensors, name + ".out", mixed.transpose(1, 2).reshape({count, length, width}));
}

/// What attention gives the first position alone: (N, L, w) -> (N, 1, w).
Tensor attention_of_first(const NamedTensors& tensors, const std::string& name, std::int64_t heads, const Tensor& x) {
  const std::int64_t count = x.size(0), length = x.size(1), width = x.size(2);
  const Tensor query = joint_linear(tensors, name + ".in", x.narrow(1, 0, 1), 0, 1);
  const Tensor joined = joint_linear(tensors, name + ".in", x, 1, 2).view({count, length, 2, heads, width / heads});
  const Tensor mixed =
      at::scaled_dot_product_attention(query.view({count, 1, heads, width / heads}).transpose(1, 2),
                                       joined.select(2, 0).transpose(1, 2), joined.select(2, 1).transpose(1, 2));
  return linear(tensors, name + ".out", mixed.transpose(1, 2).reshape({count, 1, width}));
}

Tensor run_layer(const NamedTensors& tensors, const std::string& layer, const TowerConfig& config,
                 Activation activation, bool causal, const Tensor& x) {
  const Tensor out =
      x + attention(tensors, layer + ".attention", config.heads, causal, layer_norm(tensors, layer + ".norm1", x));
  return out + mlp(tensors, layer + ".mlp", activation, layer_norm(tensors, layer + ".norm2", out));
}

}  // namespace

const Tensor& tensor_of(const NamedTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) fail("the model has no tensor '", name, "'.");
  return found->second;
}

Tensor linear(const NamedTensors& tensors, const std::string& name, const Tensor& x) {
  return at::linear(x, tensor_of(tensors, name + ".weight"), tensor_of(tensors, name + ".bias"));
}

Tensor mlp(const NamedTensors& tensors, const std::string& name, Activation activation, const Tensor& x) {
  const Tensor inner = linear(tensors, name + ".in", x);
  return linear(tensors, name + ".out",
                activation == Activation::gelu ? at::gelu(inner) : inner * at::sigmoid(1.702 * inner));
}

Tensor layer_norm(const NamedTensors& tensors, const std::string& name, const Tensor& x) {
  const Tensor& weight = tensor_of(tensors, name + ".weight");
  return at::layer_norm(x, weight.sizes(), weight, tensor_of(tensors, name + ".bias"), 1e-5);
}

Tensor run_layers(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                  Activation activation, bool causal, const Tensor& x) {
  Tensor out = x;
  for (std::int64_t i = 0; i < config.layers; ++i)
    out = run_layer(tensors, text(prefix, ".layers.", i), config, activation, causal, out);
  return out;
}

Tensor run_layers_to_first(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                           Activation activation, const Tensor& x) {
  if (config.layers == 0) return x.narrow(1, 0, 1);
  Tensor out = x;
  for (std::int64_t i = 0; i + 1 < config.layers; ++i)
    out = run_layer(tensors, text(prefix, ".layers.", i), config, activation, false, out);
  const std::string last = text(prefix, ".layers.", config.layers - 1);
  out = out.narrow(1, 0, 1) +
        attention_of_first(tensors, last + ".attention", config.heads, layer_norm(tensors, last + ".norm1", out));
  return out + mlp(tensors, last + ".mlp", activation, layer_norm(tensors, last + ".norm2", out));
}

}  // namespace fedorbit
