#include "algorithms/learners/prompt.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include "algorithms/losses/cosine.hpp"
#include "algorithms/losses/cross_entropy.hpp"

namespace fedorbit {

void initialise_contexts(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys) {
  const std::int64_t size = parameters.layout().size(owner);
  std::vector<float> values(size);
  for (std::size_t k = 0; k < clients.size(); ++k) {
    const std::uint64_t whose = owner == Owner::shared ? 0 : std::uint64_t(clients[k]) + 1;
    Stream stream = keys.stream(Purpose::initialise, std::uint64_t(owner), whose);
    stream.fill_normal(values, 0.02);
    parameters.flat(owner)[std::int64_t(k)].copy_(at::tensor(values));
  }
}

std::int64_t usual_group_of_prompts(const at::Device& device) { return device.is_cuda() ? 20 : 5; }

PromptLearner::PromptLearner(const PromptOptions& options, const Material& material)
    : text_(material.weights_for("prompt"), material.class_names, options.context, material.engine, material.share),
      logit_scale_(material.logit_scale) {
  layout_.add({"context.shared", {options.context, material.clip->config.text.width}, Owner::shared});
}

void PromptLearner::initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients,
                               const Keys& keys) {
  initialise_contexts(parameters, owner, clients, keys);
}

std::int64_t PromptLearner::usual_group(const at::Device& device) const { return usual_group_of_prompts(device); }

Tensor PromptLearner::loss(const Parameters& parameters, const Batch& batch, Turn& turn) {
  const Tensor& context = parameters["context.shared"];                                             // (K, h, w)
  const Tensor text_features = unit(text_.encode(context, turn.alike ? parameters.clients() : 0));  // (K, C, d)
  return cross_entropy(cosine_logits(batch.features, text_features, logit_scale_), batch.labels, batch.present);
}

Scorer PromptLearner::scorer(const Parameters& parameters, Scope) {
  const Tensor text_features = unit(text_.encode(parameters["context.shared"]));
  return [text_features, scale = logit_scale_](const Batch& batch) {
    return cosine_logits(batch.features, text_features, scale);
  };
}

}  // namespace fedorbit
