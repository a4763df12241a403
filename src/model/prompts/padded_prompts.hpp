// Prompts by the published recipe, each on its own and padded to the tower's full context: the oracle of all other
// ways.
#pragma once
#include "model/prompts/class_prompts.hpp"
#include "model/prompts/prompt_encoder.hpp"

namespace fedorbit {

class PaddedPrompts final : public PromptEncoder {
 public:
  /// `tensors` text.*, without gradients, in their type and on their device.
  PaddedPrompts(const NamedTensors& tensors, const ClipConfig& config, const ClassPrompts& prompts);
  /// One client after another, equal or not.
  Tensor encode(const Tensor& context, std::int64_t equal = 0) override;
  double bytes() const override;

 private:
  NamedTensors tensors_;
  ClipConfig config_;
  Tensor start_;  // (1, w) the embedding of [SOS]
  Tensor tails_;  // (C, context - 1 - h, w) the embeddings of name, full stop, [EOT] and padding
  Tensor ends_;   // (C) where [EOT] stands
};

}  // namespace fedorbit
