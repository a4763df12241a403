// A text tower's weights as the passes written by hand want them. Any number of class lists and contexts can share one.
#pragma once
#include <array>
#include <vector>

#include "io/safetensors.hpp"
#include "model/clip_config.hpp"
#include "model/towers/frozen_matrix.hpp"

namespace fedorbit {

struct PromptWeights {
  struct Norm {
    Tensor weight, bias;  // (w) float32
  };
  struct Linear {
    FrozenMatrix weight;
    Tensor bias;  // (out) float32
  };
  struct Layer {
    Norm norm1, norm2;
    // Queries, keys and values: together, or as the last layer needs them, which reads only the ends of prompts. Their
    // heads are interleaved (model/towers/interleaved_heads.hpp), as what `out` reads is.
    FrozenMatrix in, queries, keys_and_values;
    Tensor in_bias;  // (3w) float32
    Linear out, inner, outer;
    Tensor root_key, root_value;  // (w) what [SOS] shows to others: it sees only itself, so that is the same for all
  };

  /// `tensors` text.*, in the type of the arithmetic, float32 or bfloat16, on the CPU; matrices are copied to where
  /// `share` has them. `start` is the id of [SOS].
  PromptWeights(const NamedTensors& tensors, const ClipConfig& config, std::int64_t start, const ShareBytes& share);

  c10::ScalarType type() const { return layers[0].root_key.scalar_type(); }

  TowerConfig tower;
  Activation activation;
  std::vector<Layer> layers;
  Norm after;
  FrozenMatrix projection;  // (d, w)

 private:
  void follow_root(const NamedTensors& tensors, std::int64_t start);
};

}  // namespace fedorbit
