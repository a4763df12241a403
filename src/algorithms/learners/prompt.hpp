// PromptFL (Guo et al. 2022, arXiv 2208.11625): one learned context before every class name, shared by all clients.
#pragma once
#include "algorithms/learner.hpp"
#include "algorithms/material.hpp"
#include "core/options.hpp"
#include "model/prompts/prompted_text.hpp"

namespace fedorbit {

struct PromptOptions {
  std::int64_t context = 16;
  void fields(OptionList& v) { v("context", context, "tokens", "length of the learned context, h", 1, 512); }
};

class PromptLearner final : public Learner, public Classifier {
 public:
  PromptLearner(const PromptOptions& options, const Material& material);

  const Layout& layout() const override { return layout_; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  /// Cross entropy of logit_scale * <v, t_c>.
  Tensor loss(const Parameters&, const Batch&, Turn&) override;
  Classifier* classifier() override { return this; }
  Scorer scorer(const Parameters&, Scope) override;
  bool reads_names() const override { return true; }
  std::int64_t usual_group(const at::Device&) const override;
  bool replayable() const override { return true; }
  double step_bytes(std::int64_t) const override { return text_.bytes(); }

 private:
  PromptedText text_;
  double logit_scale_;
  Layout layout_;
};

/// Learner::usual_group of what learns through a text tower: 5 on a CPU, 20 on a GPU.
std::int64_t usual_group_of_prompts(const at::Device& device);

/// Independent N(0, 0.02^2) numbers for all of `owner`: one draw for all clients where it is shared,
/// one for each client where it is personal.
void initialise_contexts(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys);

}  // namespace fedorbit
