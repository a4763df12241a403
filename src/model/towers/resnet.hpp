// CLIP's other vision tower: a residual network (He et al. 2016, arXiv 1512.03385) with CLIP's changes (Radford et al.
// 2021, section 2.4): a stem of three convolutions, averaging before every stride, and attention pooling at the end.
#pragma once
#include "model/towers/vision.hpp"

namespace fedorbit {

/// As encode_images() for a configuration that is residual(). The feature is what the mean of all places reads out of
/// them by attention. Patches are the values that it reads, each through the output projection on its own: with one
/// head, the feature would be their weighted mean.
VisionFeatures encode_residual(const NamedTensors& tensors, const ClipConfig& config, const Tensor& images,
                               bool with_patches);

}  // namespace fedorbit
