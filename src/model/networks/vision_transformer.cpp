#include "model/networks/vision_transformer.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <cmath>

#include "core/error.hpp"
#include "model/towers/patches.hpp"
#include "model/towers/tower.hpp"
#include "model/towers/trained_product.hpp"

namespace fedorbit {
namespace {

constexpr double spread = 0.02;  // of all matrices, as timm draws them

void add_linear(std::vector<NetworkTensor>& out, const std::string& name, std::int64_t rows, std::int64_t columns) {
  out.push_back({.name = name + ".weight", .shape = {rows, columns}, .spread = spread});
  out.push_back({.name = name + ".bias", .shape = {rows}, .decayed = false});
}

}  // namespace

void VisionTransformer::add_norm(std::vector<NetworkTensor>& out, const std::string& name, std::int64_t width) {
  out.push_back({.name = name + ".weight", .shape = {width}, .value = 1, .decayed = false});
  out.push_back({.name = name + ".bias", .shape = {width}, .decayed = false});
}

void VisionTransformer::add_layers(std::vector<NetworkTensor>& out, const std::string& prefix,
                                   const TowerConfig& config) {
  const std::int64_t w = config.width;
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = text(prefix, words.number, i);
    add_norm(out, layer + ".norm1", w);
    add_linear(out, layer + words.attention_in, 3 * w, w);
    add_linear(out, layer + words.attention_out, w, w);
    add_norm(out, layer + ".norm2", w);
    add_linear(out, layer + words.mlp_in, config.mlp_width, w);
    add_linear(out, layer + words.mlp_out, w, config.mlp_width);
  }
}

VisionTransformer::VisionTransformer(const VisionConfig& config) : config_(config) {
  const std::int64_t w = config.width, p = config.patch_size;
  tensors_.push_back({.name = "cls_token", .shape = {1, 1, w}, .spread = 1e-6, .decayed = false});
  tensors_.push_back({.name = "pos_embed", .shape = {1, 1 + config.patches(), w}, .spread = spread, .decayed = false});
  tensors_.push_back(
      {.name = "patch_embed.proj.weight", .shape = {w, 3, p, p}, .spread = std::pow(3.0 * double(p * p), -0.5)});
  tensors_.push_back({.name = "patch_embed.proj.bias", .shape = {w}, .decayed = false});
  add_layers(tensors_, "blocks", config);
  add_norm(tensors_, "norm", w);
}

double VisionTransformer::kept_per_image() const {
  // A layer keeps its two normed inputs, its sums, queries, keys, values and their mixture, and both sides of the GELU.
  const double tokens = double(1 + config_.patches()), width = double(config_.width);
  return double(config_.layers) * tokens * (9 * width + 2 * double(config_.mlp_width)) + tokens * width;
}

Tensor VisionTransformer::embedded(const NamedTensors& tensors, const Tensor& images) const {
  const Tensor& patch = tensor_of(tensors, "patch_embed.proj.weight");
  const Tensor pixels = cut_patches(images.to(patch.scalar_type()), config_.patch_size);
  return trained_product(pixels, patch.reshape({config_.width, -1}), tensor_of(tensors, "patch_embed.proj.bias"));
}

Tensor VisionTransformer::positions(const NamedTensors& tensors) {
  const Tensor& all = tensor_of(tensors, "pos_embed");
  return all.narrow(1, 1, all.size(1) - 1);
}

Tensor VisionTransformer::encoded(const NamedTensors& tensors, const Tensor& patches) const {
  const Tensor first = tensor_of(tensors, "cls_token") + tensor_of(tensors, "pos_embed").narrow(1, 0, 1);
  const Tensor x = at::cat({first.expand({patches.size(0), 1, config_.width}), patches}, 1);
  return layer_norm(tensors, "norm", run_layers(tensors, "blocks", config_, Activation::gelu, false, x, words),
                    words.epsilon);
}

Tensor VisionTransformer::features(const NamedTensors& tensors, const Tensor& images, NamedTensors*) const {
  const Tensor first = tensor_of(tensors, "cls_token").expand({images.size(0), 1, config_.width});
  const Tensor x = at::cat({first, embedded(tensors, images)}, 1) + tensor_of(tensors, "pos_embed");  // (N, 1 + m, w)
  return layer_norm(tensors, "norm", run_layers_to_first(tensors, "blocks", config_, Activation::gelu, x, words),
                    words.epsilon)
      .select(1, 0);
}

}  // namespace fedorbit
