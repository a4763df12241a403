// What the vision and the text transformer have in common: a stack of pre-norm layers as a pure function of named
// tensors, so that the same code serves frozen towers, pre-training and weights that differ from client to client.
#pragma once
#include <string>

#include "io/safetensors.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

/// The tensor of that name, or a sentence naming it.
const Tensor& tensor_of(const NamedTensors& tensors, const std::string& name);

/// What follows a layer's name in the names of its tensors, and what its norms add to a variance: CLIP's, unless
/// another family of weights is read.
struct LayerWords {
  const char *number = ".layers.", *attention_in = ".attention.in", *attention_out = ".attention.out",
             *mlp_in = ".mlp.in", *mlp_out = ".mlp.out";
  double epsilon = 1e-5;
};

/// Layer norm over the last dimension with NAME.weight and NAME.bias.
Tensor layer_norm(const NamedTensors& tensors, const std::string& name, const Tensor& x, double epsilon = 1e-5);

/// NAME.weight (out, in) and NAME.bias (out) applied to the last dimension.
Tensor linear(const NamedTensors& tensors, const std::string& name, const Tensor& x);

/// NAME.mlp.in, the activation, NAME.mlp.out, as `words` have them.
Tensor mlp(const NamedTensors& tensors, const std::string& name, Activation activation, const Tensor& x,
           const LayerWords& words = {});

/// `x` (N, L, w) through the layers PREFIX.layers.0, .1, ... Each is x += attention(norm1(x)); x += mlp(norm2(x)).
/// With `causal`, a position attends to itself and to those before it. The result has the type of x.
Tensor run_layers(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                  Activation activation, bool causal, const Tensor& x, const LayerWords& words = {});

/// The first position of what run_layers gives without `causal`, (N, 1, w): the last layer computes only what that
/// needs, a twelfth of a tower of twelve layers less. Equal up to the order of sums.
Tensor run_layers_to_first(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                           Activation activation, const Tensor& x, const LayerWords& words = {});

}  // namespace fedorbit
