// What the vision and the text transformer have in common: a stack of pre-norm layers as a pure function of named
// tensors, so that the same code serves frozen towers, pre-training and weights that differ from client to client.
#pragma once
#include <string>

#include "io/safetensors.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

/// The tensor of that name, or a sentence naming it.
const Tensor& tensor_of(const NamedTensors& tensors, const std::string& name);

/// Layer norm over the last dimension with NAME.weight and NAME.bias, epsilon 1e-5.
Tensor layer_norm(const NamedTensors& tensors, const std::string& name, const Tensor& x);

/// NAME.weight (out, in) and NAME.bias (out) applied to the last dimension.
Tensor linear(const NamedTensors& tensors, const std::string& name, const Tensor& x);

/// NAME.in, the activation, NAME.out.
Tensor mlp(const NamedTensors& tensors, const std::string& name, Activation activation, const Tensor& x);

/// `x` (N, L, w) through the layers PREFIX.layers.0, .1, ... Each is x += attention(norm1(x)); x += mlp(norm2(x)).
/// With `causal`, a position attends to itself and to those before it. The result has the type of x.
Tensor run_layers(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                  Activation activation, bool causal, const Tensor& x);

/// The first position of what run_layers gives without `causal`, (N, 1, w): the last layer computes only what that
/// needs, a twelfth of a tower of twelve layers less. Equal up to the order of sums.
Tensor run_layers_to_first(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                           Activation activation, const Tensor& x);

}  // namespace fedorbit
