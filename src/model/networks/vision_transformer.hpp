// The plain vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929) with timm's names: pre-norm layers, GELU, a
// class token, no norm before the layers.
#pragma once
#include "model/clip_config.hpp"
#include "model/networks/backbone.hpp"
#include "model/towers/tower.hpp"

namespace fedorbit {

class VisionTransformer final : public Backbone {
 public:
  /// timm's, and the epsilon of all published vision transformers.
  static constexpr LayerWords words{".", ".attn.qkv", ".attn.proj", ".mlp.fc1", ".mlp.fc2", 1e-6};
  /// Appends PREFIX.0, .1, ...: layers as this has them, for run_layers() with `words`.
  static void add_layers(std::vector<NetworkTensor>& tensors, const std::string& prefix, const TowerConfig& config);
  static void add_norm(std::vector<NetworkTensor>& tensors, const std::string& name, std::int64_t width);

  /// Any sizes that go together.
  explicit VisionTransformer(const VisionConfig& config);
  const std::vector<NetworkTensor>& tensors() const override { return tensors_; }
  const char* head() const override { return "head"; }
  std::int64_t width() const override { return config_.width; }
  std::int64_t image_size() const override { return config_.image_size; }
  double kept_per_image() const override;
  Tensor features(const NamedTensors& tensors, const Tensor& images, NamedTensors* seen) const override;

  const VisionConfig& config() const { return config_; }
  /// Images (N, 3, S, S) -> their patches' embeddings (N, m, w), without positions, in the type of the weights.
  Tensor embedded(const NamedTensors& tensors, const Tensor& images) const;
  /// (1, m, w), of the patches.
  static Tensor positions(const NamedTensors& tensors);
  /// Some patches' embeddings with positions, (N, p, w) -> what the layers and the last norm make of the class token
  /// and them, (N, 1 + p, w).
  Tensor encoded(const NamedTensors& tensors, const Tensor& patches) const;

 private:
  VisionConfig config_;
  std::vector<NetworkTensor> tensors_;
};

}  // namespace fedorbit
