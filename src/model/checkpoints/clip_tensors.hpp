// The names and shapes of a CLIP's tensors: our own canonical names, which files and code alike use.
//
//   vision.patch.weight (w, 3, P, P)        text.tokens (V, w)
//   vision.class_token (w)                  text.positions (L, w)
//   vision.positions (1 + M, w)             text.layers.I...  as in vision
//   vision.norm_before.{weight,bias} (w)    text.norm_after.{weight,bias} (w)
//   vision.layers.I.norm1, .norm2           text.projection (w, d)
//   vision.layers.I.attention.in (3w, w)    logit_scale ()  the logarithm of the inverse temperature
//   vision.layers.I.attention.out (w, w)
//   vision.layers.I.mlp.in (m, w), .mlp.out (w, m)
//   vision.norm_after, vision.projection (w, d)
//
// Queries, keys and values may be three tensors in memory, as the file has them (model/towers/joint_weight.hpp).
//
// A residual network has, instead of all of vision.* (convolutions have the batch norms after them folded in):
//   vision.stem.{0,1,2}                     vision.stages.S.B.{0,1,2}, and .shortcut in the first block of a stage
//   vision.pool.positions (1 + M, 32w)      vision.pool.{queries,keys,values} (32w, 32w), .out (d, 32w)
#pragma once
#include <string>
#include <vector>

#include "core/keys.hpp"
#include "io/safetensors.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

/// The logit scale is never rounded: a logarithm of 4.6 in bfloat16 would be a factor of 98.9 instead of 100.
inline bool keeps_float32(const std::string& name) { return name == "logit_scale"; }

struct TensorShape {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// Every tensor of a CLIP of these sizes, in a fixed order.
std::vector<TensorShape> clip_shapes(const ClipConfig& config);

/// Random float32 weights on the CPU, normally distributed with the deviations of Radford et al. 2021 (patches: one
/// over the root of a patch's values): the same stream gives the same weights. Logit scale log(1 / 0.07).
NamedTensors initialise_clip(const ClipConfig& config, Stream stream);

}  // namespace fedorbit
