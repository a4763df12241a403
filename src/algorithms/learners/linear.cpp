#include "algorithms/learners/linear.hpp"

#include "algorithms/losses/affine.hpp"
#include "algorithms/losses/cosine.hpp"

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

double LinearLearner::step_bytes(std::int64_t batch_size) const {
  return double(batch_size * (3 * width_ + 4 * classes_)) * sizeof(float);
}

}  // namespace fedorbit
