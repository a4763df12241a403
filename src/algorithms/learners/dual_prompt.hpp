// FedRSCLIP (arXiv 2501.02461): a shared and a private prompt, held together by prompt alignment, and aligned with
// images by optimal transport. What its text does not tell is an option here, with a default of our own.
#pragma once
#include <optional>

#include "algorithms/learner.hpp"
#include "algorithms/losses/transport.hpp"
#include "algorithms/material.hpp"
#include "core/options.hpp"
#include "model/prompts/prompted_text.hpp"

namespace fedorbit {

struct DualPromptOptions {
  std::int64_t context = 4;
  std::string reading = "separate";
  double alpha = 1, beta = 1, scale = 16;
  std::string alignment = "contrastive";
  bool stop_shared_gradient = false;
  std::string transport = "patch";
  bool transport_score = false;
  double lambda = 0.1, tolerance = 1e-3;
  std::int64_t max_iterations = 100;
  double drift_warning = 0;

  void fields(OptionList& v) {
    v("context", context, "tokens", "length of each learned context, h", 1, 256);
    v("reading", reading,
      "separate: two text features a class, whose unit sum labels; joined: one from both prompts, one after the other, "
      "where the alignment compares the tokens themselves, and patches have one target, so that lambda does nothing",
      {"separate", "joined"});
    v("alpha", alpha, "", "weight of the prompt alignment", 0, 1e6);
    v("beta", beta, "", "weight of the cross-modal alignment", 0, 1e6);
    v("scale", scale, "", "scale s of the prompt alignment", 0, 1e6);
    v("alignment", alignment, "contrastive: both directions over classes; cosine: s (1 - cos)",
      {"contrastive", "cosine"});
    v("stop_shared_gradient", stop_shared_gradient, "whether the alignment pulls the private prompt only");
    v("transport", transport,
      "what is transported: the patches of an image to the text features of its class, the images of a batch to their "
      "labels' text features, or nothing; the loss is <T, C> at the entropic plan T, through which no gradient goes",
      {"patch", "batch", "none"});
    v("transport_score", transport_score, "whether an image is labelled by its transport cost to each class");
    v("lambda", lambda, "", "strength of the entropy", 1e-4, 1e3);
    v("tolerance", tolerance, "", "marginal error at which the transport stops", 0, 1);
    v("max_iterations", max_iterations, "iterations",
      "of the transport, at most; a GPU always does as many, or 20 with two targets", 1, 1e6);
    v("drift_warning", drift_warning, "", "a round warns when the mean cosine of private and shared prompts is below",
      -1, 1);
  }
};

class DualPromptLearner final : public Learner, public Classifier {
 public:
  DualPromptLearner(const DualPromptOptions& options, const Material& material);

  const Layout& layout() const override { return layout_; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  /// cross entropy + alpha * alignment + beta * transport. The transport is <T, C> without its entropy, and T, which is
  /// the plan of the entropic objective, is taken for a constant: no gradient goes through it.
  Tensor loss(const Parameters&, const Batch&, Turn&) override;
  Classifier* classifier() override { return this; }
  Scorer scorer(const Parameters&, Scope) override;
  bool reads_names() const override { return true; }
  std::int64_t usual_group(const at::Device&) const override;
  bool replayable() const override { return true; }
  Needs needs() const override { return {.patches = options_.transport == "patch" || options_.transport_score}; }
  double step_bytes(std::int64_t batch_size) const override;
  Needs needs_to_label() const override { return {.patches = options_.transport_score}; }
  std::vector<std::string> diagnostics() const override;
  std::vector<std::string> warnings(std::span<const double> means) const override;
  std::string idle() const override;

 private:
  struct TextFeatures {
    Tensor label;       // (K, C, d) unit: what images are compared with
    Tensor targets;     // (K, C, N, d) unit: what patches are transported to
    Tensor alignment;   // (K)
    Tensor similarity;  // (K) mean cosine of what the alignment compares
  };
  /// `alike`: whether the shared contexts of all clients are the same numbers.
  TextFeatures text_features(const Parameters&, bool alike) const;
  Tensor align(const Tensor& personal, const Tensor& shared) const;
  Tensor logits(const Tensor& label, const Tensor& targets, const Batch&) const;

  DualPromptOptions options_;
  TransportSettings transport_;
  PromptedText single_;                 // one context of h tokens
  std::optional<PromptedText> joined_;  // both contexts, 2h tokens, where that is the reading
  double logit_scale_;
  double patch_bytes_ = 0;  // of one image, where patches are transported
  Layout layout_;
};

}  // namespace fedorbit
