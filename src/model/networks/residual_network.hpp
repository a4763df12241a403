// Residual networks (He et al. 2016, arXiv 1512.03385) with torchvision's names, which are timm's too, with batch norms
// (Ioffe and Szegedy 2015, arXiv 1502.03167) or group norms (Wu and He 2018, arXiv 1803.08494) in their places.
#pragma once
#include <array>

#include "model/networks/backbone.hpp"

namespace fedorbit {

struct ResidualConfig {
  std::int64_t image_size = 224, width = 64;  // of the stem; stages are 1, 2, 4 and 8 times as wide
  std::array<std::int64_t, 4> blocks{2, 2, 2, 2};
  bool bottleneck = false;  // blocks of three convolutions, whose ends are four times as wide
  std::int64_t groups = 0;  // of a group norm; 0: batch norms
};

class ResidualNetwork final : public Backbone {
 public:
  explicit ResidualNetwork(const ResidualConfig& config);
  const std::vector<NetworkTensor>& tensors() const override { return tensors_; }
  const char* head() const override { return "fc"; }
  std::int64_t width() const override { return 8 * config_.width * (config_.bottleneck ? 4 : 1); }
  std::int64_t image_size() const override { return config_.image_size; }
  double kept_per_image() const override;
  Tensor features(const NamedTensors& tensors, const Tensor& images, NamedTensors* seen) const override;

 private:
  struct Block {
    std::string name;
    std::int64_t from, inner, to, stride;                        // widths
    bool shortened() const { return stride > 1 || from != to; }  // whether its shortcut is a convolution
  };
  Tensor norm(const NamedTensors& tensors, const std::string& name, const Tensor& x, NamedTensors* seen) const;
  Tensor forward(const Block& block, const NamedTensors& tensors, const Tensor& x, NamedTensors* seen) const;
  void add_convolution(const std::string& name, const std::string& norm, std::int64_t to, std::int64_t from,
                       std::int64_t size);

  ResidualConfig config_;
  std::vector<Block> blocks_;
  std::vector<NetworkTensor> tensors_;
};

}  // namespace fedorbit
