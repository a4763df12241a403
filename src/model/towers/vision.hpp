// CLIP's vision tower: a vision transformer whose class token becomes the image feature, or a residual network
// (model/towers/resnet.hpp).
#pragma once
#include "model/towers/tower.hpp"

namespace fedorbit {

struct VisionFeatures {
  Tensor features;  // (N, d) as the projection gives them, not normalised
  Tensor patches;   // (N, M, d) the M patches' output tokens after the final norm and the projection, row by row from
                    // the top left; undefined unless asked for. Of a residual network: its last stage's places, M =
                    // (S / 32)^2
};

/// `images` (N, 3, S, S), preprocessed, any floating type, on the device of the tensors "vision.*"; computed in their
/// type and returned as float32. A pure function: with leaves that need gradients it builds the graph. Without, a
/// vision transformer on a CPU runs by hand (model/towers/frozen_tower.hpp), whose bits may depend on N.
VisionFeatures encode_images(const NamedTensors& tensors, const ClipConfig& config, const Tensor& images,
                             bool with_patches = false);

}  // namespace fedorbit
