#include "algorithms/learners/fedclip.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "algorithms/losses/affine.hpp"
#include "algorithms/losses/contrastive.hpp"
#include "algorithms/losses/cosine.hpp"
#include "algorithms/losses/cross_entropy.hpp"

namespace fedorbit {
namespace {

/// softmax(W2 tanh(W1 z + b1) + b2) * z, of unit length: (K, B, d) -> (K, B, d).
Tensor adapted(const Parameters& parameters, const Tensor& as_they_are, double length) {
  const Tensor features = length > 0 ? length * unit(as_they_are) : as_they_are;
  const Tensor hidden =
      at::tanh(affine(features, parameters["adapter.hidden.weight"], parameters["adapter.hidden.bias"]));
  const Tensor gate =
      at::softmax(affine(hidden, parameters["adapter.gate.weight"], parameters["adapter.gate.bias"]), -1);
  return unit(gate * features);
}

}  // namespace

FedClipLearner::FedClipLearner(const FedClipOptions& options, const Material& material)
    : options_(options),
      width_(material.width),
      logit_scale_(material.logit_scale),
      texts_(material.texts_for("fedclip").unsqueeze(0)) {
  for (const std::string part : {"adapter.hidden", "adapter.gate"}) {
    layout_.add({part + ".weight", {width_, width_}, Owner::shared});
    layout_.add({part + ".bias", {width_}, Owner::shared});
  }
}

void FedClipLearner::initialise(Parameters& parameters, Owner owner, std::span<const ClientId>, const Keys& keys) {
  std::vector<float> values(std::size_t(layout_.size(owner)));
  Stream stream = keys.stream(Purpose::initialise, std::uint64_t(owner));
  const double bound = 1 / std::sqrt(double(width_));
  for (float& value : values) value = float(stream.uniform(-bound, bound));
  parameters.flat(owner).copy_(at::tensor(values));
}

Tensor FedClipLearner::loss(const Parameters& parameters, const Batch& batch, Turn&) {
  const Tensor images = adapted(parameters, batch.features, options_.feature_length);  // (K, B, d)
  if (options_.objective == "classes")
    return cross_entropy(cosine_logits(images, texts_, logit_scale_), batch.labels, batch.present);
  const Tensor texts = texts_[0].index_select(0, batch.labels.flatten()).view(images.sizes());  // each image's own
  return contrastive(logit_scale_ * at::bmm(images, texts.transpose(1, 2)), batch.present);
}

Scorer FedClipLearner::scorer(const Parameters& parameters, Scope) {
  return [this, parameters](const Batch& batch) {
    return cosine_logits(adapted(parameters, batch.features, options_.feature_length), texts_, logit_scale_);
  };
}

std::int64_t FedClipLearner::usual_group(const at::Device& device) const { return device.is_cuda() ? 20 : 1; }

double FedClipLearner::step_bytes(std::int64_t batch_size) const {
  return 10 * double(batch_size * width_) * sizeof(float);  // what the adapter makes of a batch, and its gradients
}

}  // namespace fedorbit
