// A prompt pass as one node of LibTorch's graph, which computes equal contexts once.
#pragma once
#include <memory>

#include "model/prompts/prompt_encoder.hpp"
#include "model/prompts/prompt_pass.hpp"

namespace fedorbit {

/// Encodes contexts through a pass. A context that several clients of a call have, as all have the server's in the
/// first step of a round, goes forward once, and is remembered: the next groups of that round find it done, and so does
/// the round after an evaluation. It looks for equal contexts itself, and throws where some are not that were promised
/// to be. Whether contexts are taken together depends on the call alone, never on what is remembered, so no number
/// depends on which rank has seen what before.
class PromptFunction final : public PromptEncoder {
 public:
  explicit PromptFunction(PromptPass pass) : pass_(std::move(pass)) {}
  /// backward() needs this to be there still.
  Tensor encode(const Tensor& context, std::int64_t equal = 0) override;
  double bytes() const override { return pass_.bytes(); }

 private:
  /// What went forward for some clients: clients[i] of the call has row sources[i] of activations and features.
  struct Part {
    std::shared_ptr<PromptActivations> activations;
    std::vector<std::int64_t> clients, sources;
    Tensor features;  // of the contexts that went forward
  };
  struct Node;
  struct Kept;
  std::vector<Part> forward(const Tensor& context, bool keep);
  Part remembered(const Tensor& context);

  PromptPass pass_;
  Tensor context_;   // (1, h, w), what was encoded last for several clients or for one alone
  Part remembered_;  // and what came of it
};

}  // namespace fedorbit
