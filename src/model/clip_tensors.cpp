#include "model/clip_tensors.hpp"

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

/// The standard deviation of a normally distributed tensor; 0 for norms and biases. Projections back into the stream
/// shrink with depth, so that the stream's variance at the end does not grow with the number of layers.
double deviation(const std::string& name, const ClipConfig& config) {
  const std::string_view rest(name);
  const bool vision = rest.starts_with("vision.");
  const TowerConfig& tower = vision ? static_cast<const TowerConfig&>(config.vision) : config.text;
  const double scale = std::pow(double(tower.width), -0.5), deep = std::pow(2.0 * double(tower.layers), -0.5);
  if (rest.ends_with(".bias") || rest.find(".norm") != rest.npos) return 0;
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
  const std::int64_t w = config.vision.width, p = config.vision.patch_size;
  std::vector<TensorShape> out{{"vision.patch.weight", {w, 3, p, p}},
                               {"vision.class_token", {w}},
                               {"vision.positions", {1 + config.vision.patches(), w}}};
  add_norm(out, "vision.norm_before", w);
  add_layers(out, "vision", config.vision);
  add_norm(out, "vision.norm_after", w);
  out.push_back({"vision.projection", {w, config.embed_dim}});
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
  for (const auto& [name, shape] : clip_shapes(config)) {
    Tensor& tensor = out[name];
    const double spread = deviation(name, config);
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
