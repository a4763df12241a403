#include "model/networks/clip_tower.hpp"

#include "model/checkpoints/clip_tensors.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {

ClipTower::ClipTower(const ClipConfig& config) : config_(config) {
  for (const auto& [name, shape] : clip_shapes(config)) {
    if (!name.starts_with("vision.")) continue;
    const bool convolved = shape.size() == 4 && config.vision.residual(), matrix = shape.size() > 1;
    tensors_.push_back({.name = name,
                        .shape = shape,
                        .decayed = matrix && name != "vision.positions" && name != "vision.pool.positions",
                        .convolved = convolved});
  }
}

double ClipTower::kept_per_image() const {
  const VisionConfig& vision = config_.vision;
  const double width = double(vision.width);
  if (!vision.residual())
    return double(vision.layers) * double(1 + vision.patches()) * (9 * width + 2 * double(vision.mlp_width));
  // Both sides of each convolution: an image's stages have 1/16, 1/64, ... of its pixels.
  double kept = 0, places = double(vision.image_size) * double(vision.image_size) / 4;
  kept += 4 * width * places;
  for (std::size_t s = 0; s < vision.stages.size(); ++s)
    kept += double(vision.stages[s]) * 8 * double(vision.width << s) * (places /= 4);
  return kept;
}

Tensor ClipTower::features(const NamedTensors& tensors, const Tensor& images, NamedTensors*) const {
  return encode_images(tensors, config_, images).features;
}

}  // namespace fedorbit
