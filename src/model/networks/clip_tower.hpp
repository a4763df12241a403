// The image tower of a CLIP, a vision transformer or a residual network, as a network that is trained whole.
#pragma once
#include "model/clip.hpp"
#include "model/networks/backbone.hpp"

namespace fedorbit {

/// With our own names (model/checkpoints/clip_tensors.hpp); its features are what the projection gives, float32. The
/// batch norms of a residual network are folded into its convolutions, as in all our CLIPs.
class ClipTower final : public Backbone {
 public:
  explicit ClipTower(const ClipConfig& config);
  const std::vector<NetworkTensor>& tensors() const override { return tensors_; }
  const char* head() const override { return "head"; }
  std::int64_t width() const override { return config_.embed_dim; }
  std::int64_t image_size() const override { return config_.vision.image_size; }
  double kept_per_image() const override;
  Tensor features(const NamedTensors& tensors, const Tensor& images, NamedTensors* seen) const override;

 private:
  ClipConfig config_;
  std::vector<NetworkTensor> tensors_;
};

}  // namespace fedorbit
