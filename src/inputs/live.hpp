// Image features computed anew whenever they are asked for, as the published recipes do: what the feature store saves.
#pragma once
#include <functional>
#include <span>

#include "data/dataset.hpp"
#include "model/clip.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {

/// Indices into the data set -> what the vision tower gives for those images.
using LiveEncoder = std::function<VisionFeatures(std::span<const std::int64_t>)>;

/// `dataset` and `clip` must outlive it.
LiveEncoder live_encoder(const Dataset& dataset, const Clip& clip, bool with_patches, at::Device device);

}  // namespace fedorbit
