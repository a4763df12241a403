#include "algorithms/learners/linear.hpp"

#include "algorithms/losses/affine.hpp"
#include "algorithms/losses/cosine.hpp"
#include "algorithms/losses/cross_entropy.hpp"

namespace fedorbit {

LinearLearner::LinearLearner(const LinearOptions& options, const Material& material)
    : options_(options), width_(material.width), classes_(std::int64_t(material.class_names.size())) {
  layout_.add({"head.weight", {classes_, width_}, Owner::shared});
  layout_.add({"head.bias", {classes_}, Owner::shared});
}

void LinearLearner::initialise(Parameters& parameters, Owner owner, std::span<const ClientId>, const Keys&) {
  parameters.flat(owner).zero_();
}

Tensor LinearLearner::logits(const Parameters& parameters, const Batch& batch) const {
  const Tensor features = options_.features == "unit" ? unit(batch.features) : batch.features;  // (K, B, d)
  return affine(features, parameters["head.weight"], parameters["head.bias"]);
}

Tensor LinearLearner::loss(const Parameters& parameters, const Batch& batch, Turn&) {
  return cross_entropy(logits(parameters, batch), batch.labels, batch.present);
}

Scorer LinearLearner::scorer(const Parameters& parameters, Scope) {
  return [this, parameters](const Batch& batch) { return logits(parameters, batch); };
}

std::int64_t LinearLearner::usual_group(const at::Device& device) const { return device.is_cuda() ? 40 : 40; }

double LinearLearner::step_bytes(std::int64_t batch_size) const {
  return double(batch_size * (3 * width_ + 4 * classes_)) * sizeof(float);
}

}  // namespace fedorbit
