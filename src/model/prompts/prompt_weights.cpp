#include "model/prompts/prompt_weights.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include "core/error.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {
namespace {

/// Which column of heads that follow one another each column of interleaved ones is
/// (model/towers/interleaved_heads.hpp): (w).
Tensor interleaved_heads(const TowerConfig& tower) {
  return at::arange(tower.width, at::kLong).view({tower.heads, tower.width / tower.heads}).t().reshape({tower.width});
}

}  // namespace

PromptWeights::PromptWeights(const NamedTensors& tensors, const ClipConfig& config, std::int64_t start,
                             const ShareBytes& share)
    : tower(config.text), activation(config.activation) {
  const at::NoGradGuard frozen;
  const auto norm = [&](const std::string& name) {
    return Norm{tensor_of(tensors, name + ".weight").to(at::kFloat), tensor_of(tensors, name + ".bias").to(at::kFloat)};
  };
  const auto linear = [&](const std::string& name) {
    return Linear{FrozenMatrix(tensor_of(tensors, name + ".weight")),
                  tensor_of(tensors, name + ".bias").to(at::kFloat)};
  };
  const Tensor order = interleaved_heads(tower);
  for (std::int64_t i = 0; i < tower.layers; ++i) {
    const std::string name = text("text.layers.", i);
    const JointWeight weight(tensors, name + ".attention.in.weight");
    const auto in = [&](std::int64_t first, std::int64_t count) {
      const Tensor parts = weight.rows(first, count).view({count, tower.width, tower.width});
      return FrozenMatrix(parts.index_select(1, order).view({-1, tower.width}));
    };
    const bool last = i + 1 == tower.layers, whole = !last || i == 0;
    Layer layer{.norm1 = norm(name + ".norm1"),
                .norm2 = norm(name + ".norm2"),
                .in = whole ? in(0, 3) : FrozenMatrix(),
                .queries = last ? in(0, 1) : FrozenMatrix(),
                .keys_and_values = last ? in(1, 2) : FrozenMatrix(),
                .in_bias = tensor_of(tensors, name + ".attention.in.bias")
                               .to(at::kFloat)
                               .view({3, tower.width})
                               .index_select(1, order)
                               .view({-1}),
                .out = {FrozenMatrix(tensor_of(tensors, name + ".attention.out.weight").index_select(1, order)),
                        tensor_of(tensors, name + ".attention.out.bias").to(at::kFloat)},
                .inner = linear(name + ".mlp.in"),
                .outer = linear(name + ".mlp.out"),
                .root_key = {},
                .root_value = {}};
    // Layer by layer, so that a process never has much more than one of its own.
    fedorbit::share(std::array{&layer.in, &layer.queries, &layer.keys_and_values, &layer.out.weight,
                               &layer.inner.weight, &layer.outer.weight},
                    share);
    layers.push_back(std::move(layer));
  }
  after = norm("text.norm_after");
  projection = FrozenMatrix(tensor_of(tensors, "text.projection").t());
  fedorbit::share(std::array{&projection}, share);
  follow_root(tensors, start);
}

void PromptWeights::follow_root(const NamedTensors& tensors, std::int64_t start) {
  const std::int64_t w = tower.width;
  const Tensor order = interleaved_heads(tower);
  Tensor x =
      embed_tokens(tensors, at::tensor({start}, at::kLong)) + tensor_of(tensors, "text.positions").narrow(0, 0, 1);
  for (std::int64_t i = 0; i < tower.layers; ++i) {
    const std::string name = text("text.layers.", i);
    const Tensor joined = joint_linear(tensors, name + ".attention.in", layer_norm(tensors, name + ".norm1", x));
    layers[std::size_t(i)].root_key = joined[0].narrow(0, w, w).index_select(0, order);
    layers[std::size_t(i)].root_value = joined[0].narrow(0, 2 * w, w).index_select(0, order);
    x = x + linear(tensors, name + ".attention.out", joined.narrow(1, 2 * w, w));
    x = x + mlp(tensors, name, activation, layer_norm(tensors, name + ".norm2", x));
  }
}

}  // namespace fedorbit
