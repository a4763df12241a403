#include "model/checkpoints/clip_tensors.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <string_view>

#include "core/error.hpp"

namespace fedorbit {
namespace {

void add_norm(std::vector<TensorShape>& out, const std::string& name, std::int64_t width) {
  out.push_back({name + ".weight", {width}});
  out.push_back({name + ".bias", {width}});
}

void add_linear(std::vector<TensorShape>& out, const std::string& name, std::int64_t rows, std::int64_t columns) {
  out.push_back({name + ".weight", {rows, columns}});
  out.push_back({name + ".bias", {rows}});
}

void add_layers(std::vector<TensorShape>& out, const std::string& tower, const TowerConfig& config) {
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = text(tower, ".layers.", i);
    add_norm(out, layer + ".norm1", config.width);
    add_linear(out, layer + ".attention.in", 3 * config.width, config.width);
    add_linear(out, layer + ".attention.out", config.width, config.width);
    add_norm(out, layer + ".norm2", config.width);
    add_linear(out, layer + ".mlp.in", config.mlp_width, config.width);
    add_linear(out, layer + ".mlp.out", config.width, config.mlp_width);
  }
}

void add_convolution(std::vector<TensorShape>& out, const std::string& name, std::int64_t to, std::int64_t from,
                     std::int64_t size) {
  out.push_back({name + ".weight", {to, from, size, size}});
  out.push_back({name + ".bias", {to}});
}

std::vector<TensorShape> transformer_shapes(const VisionConfig& vision, std::int64_t embed_dim) {
  const std::int64_t w = vision.width, p = vision.patch_size;
  std::vector<TensorShape> out{{"vision.patch.weight", {w, 3, p, p}},
                               {"vision.class_token", {w}},
                               {"vision.positions", {1 + vision.patches(), w}}};
  add_norm(out, "vision.norm_before", w);
  add_layers(out, "vision", vision);
  add_norm(out, "vision.norm_after", w);
  out.push_back({"vision.projection", {w, embed_dim}});
  return out;
}

std::vector<TensorShape> residual_shapes(const VisionConfig& vision, std::int64_t embed_dim) {
  const std::int64_t w = vision.width;
  std::vector<TensorShape> out;
  add_convolution(out, "vision.stem.0", w / 2, 3, 3);
  add_convolution(out, "vision.stem.1", w / 2, w / 2, 3);
  add_convolution(out, "vision.stem.2", w, w / 2, 3);
  std::int64_t from = w;
  for (std::size_t s = 0; s < vision.stages.size(); ++s) {
    const std::int64_t inner = w << s, to = 4 * inner;
    for (std::int64_t b = 0; b < vision.stages[s]; ++b, from = to) {
      const std::string block = text("vision.stages.", s, ".", b);
      add_convolution(out, block + ".0", inner, from, 1);
      add_convolution(out, block + ".1", inner, inner, 3);
      add_convolution(out, block + ".2", to, inner, 1);
      if (b == 0) add_convolution(out, block + ".shortcut", to, from, 1);
    }
  }
  out.push_back({"vision.pool.positions", {1 + vision.patches(), from}});
  for (const char* part : {"queries", "keys", "values"}) add_linear(out, text("vision.pool.", part), from, from);
  add_linear(out, "vision.pool.out", embed_dim, from);
  return out;
}

/// The standard deviation of a normally distributed tensor; 0 for norms and biases. Projections back into the stream
/// shrink with depth, so that the stream's variance at the end does not grow with the number of layers.
double deviation(const TensorShape& tensor, const ClipConfig& config) {
  const std::string_view rest(tensor.name);
  const bool vision = rest.starts_with("vision.");
  const TowerConfig& tower = vision ? static_cast<const TowerConfig&>(config.vision) : config.text;
  const double scale = std::pow(double(tower.width), -0.5), deep = std::pow(2.0 * double(tower.layers), -0.5);
  if (rest.ends_with(".bias") || rest.find(".norm") != rest.npos) return 0;
  if (rest.starts_with("vision.stem.") || rest.starts_with("vision.stages.")) {
    // He et al. 2015 (arXiv 1502.01852); the last convolution of a block starts small, as its norm would have it.
    const double fan_in = double(tensor.shape[1] * tensor.shape[2] * tensor.shape[3]);
    return std::sqrt(2 / fan_in) * (rest.starts_with("vision.stages.") && rest.ends_with(".2.weight") ? 0.1 : 1);
  }
  if (rest.starts_with("vision.pool.")) return std::pow(32.0 * double(config.vision.width), -0.5);
  if (rest == "text.tokens") return 0.02;
  if (rest == "text.positions") return 0.01;
  if (rest.ends_with(".attention.out.weight") || rest.ends_with(".mlp.out.weight")) return scale * deep;
  if (rest.ends_with(".mlp.in.weight")) return scale * std::pow(2.0, -0.5);
  if (rest == "vision.patch.weight")
    return std::pow(3.0 * double(config.vision.patch_size * config.vision.patch_size), -0.5);
  return scale;
}

}  // namespace

std::vector<TensorShape> clip_shapes(const ClipConfig& config) {
  std::vector<TensorShape> out = config.vision.residual() ? residual_shapes(config.vision, config.embed_dim)
                                                          : transformer_shapes(config.vision, config.embed_dim);
  out.push_back({"text.tokens", {config.text.vocabulary_size, config.text.width}});
  out.push_back({"text.positions", {config.text.context_length, config.text.width}});
  add_layers(out, "text", config.text);
  add_norm(out, "text.norm_after", config.text.width);
  out.push_back({"text.projection", {config.text.width, config.embed_dim}});
  out.push_back({"logit_scale", {}});
  return out;
}

NamedTensors initialise_clip(const ClipConfig& config, Stream stream) {
  config.check();
  NamedTensors out;
  for (const TensorShape& wanted : clip_shapes(config)) {
    const auto& [name, shape] = wanted;
    Tensor& tensor = out[name];
    const double spread = deviation(wanted, config);
    if (name == "logit_scale") {
      tensor = at::full({}, std::log(1 / 0.07), at::kFloat);
    } else if (spread == 0) {
      tensor = name.ends_with(".weight") ? at::ones(shape, at::kFloat) : at::zeros(shape, at::kFloat);
    } else {
      tensor = at::empty(shape, at::kFloat);
      stream.fill_normal({tensor.mutable_data_ptr<float>(), std::size_t(tensor.numel())}, spread);
    }
  }
  return out;
}

}  // namespace fedorbit
