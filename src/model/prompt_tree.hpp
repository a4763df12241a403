// All prompts of a client as one tree (model/prompt_trie.hpp), in LibTorch's operators: for any device.
#pragma once
#include "model/class_prompts.hpp"
#include "model/prompt_encoder.hpp"

namespace fedorbit {

/// What prompts share is computed once, without padding; the first layer's products on what does not depend on the
/// context are done beforehand, and the last layer computes only what [EOT] needs. Exact up to the order of sums.
class PromptTree final : public PromptEncoder {
 public:
  /// `tensors` text.*, without gradients, in their type and on their device.
  PromptTree(const NamedTensors& tensors, const ClipConfig& config, const ClassPrompts& prompts);
  Tensor encode(const Tensor& context) override;
  double bytes() const override;

 private:
  NamedTensors tensors_;
  ClipConfig config_;
  Tensor start_;     // (1, w) the embedding of [SOS]
  Tensor branches_;  // (n - 1 - h, w) the embeddings of the nodes after the stem, with positions
  Tensor first_in_;  // (n - 1 - h, 3w) what the first layer's attention makes of them
  Tensor stem_;      // (1 + h, w) positions of the stem
  Tensor mask_;      // (n, n)
  Tensor ends_;      // (C) the nodes that are read
};

}  // namespace fedorbit
