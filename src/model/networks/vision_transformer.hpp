// The plain vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929) with timm's names: pre-norm layers, GELU, a
// class token, no norm before the layers.
#pragma once
#include "model/clip_config.hpp"
#include "model/networks/backbone.hpp"

namespace fedorbit {

class VisionTransformer final : public Backbone {
 public:
  /// Any sizes that go together.
  explicit VisionTransformer(const VisionConfig& config);
  const std::vector<NetworkTensor>& tensors() const override { return tensors_; }
  const char* head() const override { return "head"; }
  std::int64_t width() const override { return config_.width; }
  std::int64_t image_size() const override { return config_.image_size; }
  double kept_per_image() const override;
  Tensor features(const NamedTensors& tensors, const Tensor& images, NamedTensors* seen) const override;

 private:
  VisionConfig config_;
  std::vector<NetworkTensor> tensors_;
};

}  // namespace fedorbit
