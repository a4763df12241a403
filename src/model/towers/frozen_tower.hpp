// The layers of a tower whose weights are frozen, forward and on a CPU: without a graph, without temporaries between
// products, with residual sums in float32.
#pragma once
#include <string>

#include "io/safetensors.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

/// PREFIX.norm_after of what run_layers, or with `first_only` run_layers_to_first (model/towers/tower.hpp), give
/// without `causal`: x (N, L, w) float32, which is overwritten, becomes (N, L or 1, w) in the type of the weights,
/// float32 or bfloat16. Equal up to the order of sums, which may depend on N.
Tensor run_frozen_layers(const NamedTensors& tensors, const std::string& prefix, const TowerConfig& config,
                         Activation activation, bool first_only, Tensor x);

}  // namespace fedorbit
