#include "algorithms/learners/network.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>

#include <algorithm>
#include <cmath>

#include "algorithms/losses/cosine.hpp"
#include "core/error.hpp"
#include "model/towers/tower.hpp"

namespace fedorbit {

NetworkLearner::NetworkLearner(const NetworkOptions& options, const Material& material)
    : ImageNetwork("network", options, material), label_smoothing_(options.label_smoothing) {
  const auto classes = std::int64_t(material.class_names.size());
  const std::string head = backbone().head();
  std::vector<NetworkTensor> behind;
  if (options.head == "text") {
    require(options.architecture == "clip", "network.head = \"text\": text features lie in the space of the clip's ",
            "image tower, not in that of ", options.architecture,
            "; take network.architecture = \"clip\", or the head linear.");
    texts_ = material.texts_for("network");
    logit_scale_ = material.logit_scale;
  } else {
    const double spread = std::min(0.02, 1 / std::sqrt(double(width())));
    behind.push_back({.name = head + ".weight", .shape = {classes, width()}, .spread = spread});
    behind.push_back({.name = head + ".bias", .shape = {classes}, .decayed = false});
  }
  begin(material, std::move(behind), options.trained, classes);
}

Tensor NetworkLearner::logits(const NamedTensors& model, const Tensor& features) const {
  if (texts_.defined())
    return logit_scale_ * at::linear(unit(features.to(at::kFloat)), texts_.to(features.device(), at::kFloat));
  return linear(model, backbone().head(), features.to(type())).to(at::kFloat);
}

Tensor NetworkLearner::loss(const Parameters& parameters, const Batch& batch, Turn& turn) {
  return for_each_client(parameters, batch, turn, [&](std::int64_t k, const Tensor& images, const Tensor& labels) {
    const NamedTensors model = model_of(parameters, k, true);
    return at::cross_entropy_loss(logits(model, trained_features(model, images[0], k, turn)), labels, {},
                                  at::Reduction::Mean, -100, label_smoothing_);
  });
}

Scorer NetworkLearner::scorer(const Parameters& parameters, Scope scope) {
  return frozen_at(parameters, scope, [this](const NamedTensors& model, const Tensor& images) {
    return logits(model, features(model, images));
  });
}

Needs NetworkLearner::needs() const {
  Needs needs = images_in(1);
  needs.labels = true;
  return needs;
}

}  // namespace fedorbit
