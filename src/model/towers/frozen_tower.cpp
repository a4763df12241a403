#include "model/towers/frozen_tower.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>

#include "core/error.hpp"
#include "model/towers/dense_attention.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/product.hpp"
#include "model/towers/row_kernels.hpp"
#include "model/towers/tower.hpp"

namespace fedorbit {
namespace {

/// A tower at work on N sequences of L rows.
class FrozenLayers {
 public:
  FrozenLayers(const NamedTensors& tensors, const TowerConfig& config, Activation activation, const Tensor& x)
      : tensors_(tensors), config_(config), activation_(activation), sequences_(x.size(0)) {}

  /// The residual stream, (R, w) float32, plus `delta` and the bias NAME, and its norm NORM in the weights' type.
  Tensor normed(Tensor& stream, const Tensor& delta, const std::string& bias, const std::string& norm) {
    const Tensor& gamma = tensor_of(tensors_, norm + ".weight");
    Tensor out = at::empty(stream.sizes(), gamma.options());
    Tensor statistics = at::empty({stream.size(0), 2}, at::kFloat);
    rows::add_and_norm(stream, delta, delta.defined() ? number(bias) : Tensor(), gamma.to(at::kFloat),
                       number(norm + ".bias"), stream, statistics, out);
    return out;
  }

  /// What attention makes of normed rows (N L, w), without the bias of its last product; of the first row of each
  /// sequence alone, if so wanted.
  Tensor attention(const std::string& name, const Tensor& normed, bool first_only) {
    const std::int64_t w = config_.width, rows = normed.size(0) / sequences_;
    const JointWeight weight(tensors_, name + ".in.weight");
    const Tensor& bias = tensor_of(tensors_, name + ".in.bias");
    const auto product = [&](const Tensor& x, std::int64_t first, std::int64_t count) {
      return frozen_product(x, weight.rows(first, count), bias.narrow(0, first * w, count * w));
    };
    Tensor parts[3];
    if (first_only) parts[0] = product(firsts(normed, rows), 0, 1);
    const std::int64_t from = first_only ? 1 : 0;
    if (weight.apart()) {
      for (std::int64_t i = from; i < 3; ++i) parts[i] = product(normed, i, 1);
    } else {
      const Tensor joined = product(normed, from, 3 - from);
      for (std::int64_t i = from; i < 3; ++i) parts[i] = joined.narrow(1, (i - from) * w, w);
    }
    Tensor mixed = at::empty({parts[0].size(0), w}, normed.options());
    attend_all(sequences_, config_.heads, parts[0], parts[1], parts[2], mixed);
    return frozen_product(mixed, tensor_of(tensors_, name + ".out.weight"));
  }

  /// What the MLP makes of normed rows, without the bias of its last product.
  Tensor mlp(const std::string& name, const Tensor& normed) {
    const Tensor& weight = tensor_of(tensors_, name + ".in.weight");
    Tensor inner, no_slope;
    if (activation_ == Activation::quick_gelu) {
      inner = frozen_product(normed, weight);
      rows::quick_gelu(inner, number(name + ".in.bias"), inner, no_slope);
    } else {
      inner = frozen_product(normed, weight, tensor_of(tensors_, name + ".in.bias"));
      at::gelu_(inner);
    }
    return frozen_product(inner, tensor_of(tensors_, name + ".out.weight"));
  }

  /// The first of each sequence's `rows` rows: (N rows, w) -> (N, w).
  Tensor firsts(const Tensor& x, std::int64_t rows) const {
    return x.view({sequences_, rows, x.size(1)}).select(1, 0).contiguous();
  }

 private:
  /// What row kernels add, in float32.
  Tensor number(const std::string& name) const { return tensor_of(tensors_, name).to(at::kFloat); }

  const NamedTensors& tensors_;
  const TowerConfig& config_;
  Activation activation_;
  std::int64_t sequences_;
};

}  // namespace

Tensor run_frozen_layers(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                         Activation activation, bool first_only, Tensor x) {
  const std::int64_t sequences = x.size(0), length = x.size(1), w = x.size(2);
  FrozenLayers layers(tensors, config, activation, x);
  Tensor stream = x.view({sequences * length, w}), delta;
  std::string bias;  // of the product that gave delta
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = text(prefix, ".layers.", i);
    const bool first = first_only && i + 1 == config.layers;
    const Tensor normed = layers.normed(stream, delta, bias, layer + ".norm1");
    delta = layers.attention(layer + ".attention", normed, first);
    if (first) stream = layers.firsts(stream, length);
    const Tensor again = layers.normed(stream, delta, layer + ".attention.out.bias", layer + ".norm2");
    delta = layers.mlp(layer + ".mlp", again);
    bias = layer + ".mlp.out.bias";
  }
  if (first_only && config.layers == 0) stream = layers.firsts(stream, length);
  return layers.normed(stream, delta, bias, prefix + ".norm_after").view({sequences, -1, w});
}

}  // namespace fedorbit
