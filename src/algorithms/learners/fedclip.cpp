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
#include "algorithms/losses/in_lines.hpp"

namespace fedorbit {

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

Tensor FedClipLearner::adapted(const Parameters& parameters, const Tensor& as_they_are) const {
  const Tensor features =
      options_.feature_length > 0 ? options_.feature_length * unit(as_they_are) : as_they_are;  // (K, B, d)
  const Tensor hidden =
      at::tanh(affine(features, parameters["adapter.hidden.weight"], parameters["adapter.hidden.bias"]));
  const Tensor gate =
      at::softmax(affine(hidden, parameters["adapter.gate.weight"], parameters["adapter.gate.bias"]), -1);
  return unit(gate * features);
}

Tensor FedClipLearner::logits(const Parameters& parameters, const Batch& batch) const {
  return cosine_logits(adapted(parameters, batch.features), texts_, logit_scale_);
}

Tensor FedClipLearner::loss(const Parameters& parameters, const Batch& batch, Turn& turn) {
  if (options_.objective == "classes") return FeatureLearner::loss(parameters, batch, turn);
  const Tensor images = adapted(parameters, batch.features);
  const Tensor texts = texts_[0].index_select(0, batch.labels.flatten()).view(images.sizes());  // each image's own
  return contrastive(logit_scale_ * at::bmm(in_lines(images), in_lines(texts).transpose(1, 2)), batch.present);
}

std::int64_t FedClipLearner::usual_group(const at::Device& device) const { return device.is_cuda() ? 20 : 1; }

double FedClipLearner::step_bytes(std::int64_t batch_size) const {
  return 10 * double(batch_size * width_) * sizeof(float);  // what the adapter makes of a batch, and its gradients
}

}  // namespace fedorbit
