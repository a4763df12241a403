// One step of pre-training, data-parallel: every rank encodes its share of the batch, and the loss is the whole
// batch's.
#pragma once
#include <vector>

#include "comm/communicator.hpp"
#include "core/keys.hpp"
#include "model/clip_config.hpp"
#include "pretraining/captions.hpp"
#include "pretraining/options.hpp"
#include "pretraining/weights.hpp"

namespace fedorbit {

/// What all steps share.
struct PretrainSetting {
  const PretrainOptions& options;
  const ClipConfig& config;
  const Captions& captions;
  const std::vector<Tensor>& images;        // (3, H, W) uint8 each
  const std::vector<std::int64_t>& labels;  // of the images
  Keys keys;
  Communicator& communicator;
};

/// Collective. Leaves in weights.gradient() the gradient of the contrastive loss of images `batch` (indices), the same
/// on every rank, and returns that loss. Views depend on (epoch, image), what is said of them on
/// (step, image), its wording on (step, what is said).
double pretrain_gradient(const PretrainSetting& setting, TrainedWeights& weights,
                         const std::vector<std::int64_t>& batch, std::uint64_t epoch, std::uint64_t step);

}  // namespace fedorbit
