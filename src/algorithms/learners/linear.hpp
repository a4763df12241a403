// A linear classifier of kept features, shared by all clients: the federated linear probe.
#pragma once
#include "algorithms/learner.hpp"
#include "algorithms/material.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct LinearOptions {
  std::string features = "unit";
  void fields(OptionList& v) {
    v("features", features, "what is classified: features of unit length, or raw, as the tower gives them",
      {"unit", "raw"});
  }
};

class LinearLearner final : public Learner, public Classifier {
 public:
  LinearLearner(const LinearOptions& options, const Material& material);

  const Layout& layout() const override { return layout_; }
  /// Zeros: every class is as likely as any other, and the loss is convex.
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  /// Cross entropy of W v + b.
  Tensor loss(const Parameters&, const Batch&, Turn&) override;
  Classifier* classifier() override { return this; }
  Scorer scorer(const Parameters&, Scope) override;
  std::int64_t usual_group(const at::Device&) const override;
  bool replayable() const override { return true; }
  double step_bytes(std::int64_t batch_size) const override;

 private:
  Tensor logits(const Parameters&, const Batch&) const;
  LinearOptions options_;
  std::int64_t width_, classes_;
  Layout layout_;
};

}  // namespace fedorbit
