// How much a CLIP in training has learned: zero-shot accuracy with an ensemble of templates, and a linear probe.
#pragma once
#include "comm/communicator.hpp"
#include "io/safetensors.hpp"
#include "model/clip_config.hpp"
#include "pretraining/captions.hpp"
#include "pretraining/images.hpp"

namespace fedorbit {

/// Collective. Image features (N, d) of unit length on every rank; `tensors` float32 or bfloat16.
Tensor validation_features(const NamedTensors& tensors, const ClipConfig& config, const Validation& validation,
                           Communicator& communicator);

/// (C, d): per name the mean of the unit features of all templates, of unit length again.
Tensor ensemble_features(const NamedTensors& tensors, const ClipConfig& config, const Captions& captions,
                         const std::vector<std::string>& names);

/// Share of images whose nearest class text is their own.
double zero_shot_accuracy(const Tensor& features, const Tensor& texts, const Tensor& labels);

/// Share of correct answers, on every second image of the data set, of a linear classifier fitted to the others.
double probe_accuracy(const Tensor& features, const Tensor& labels, std::int64_t classes);

}  // namespace fedorbit
