// What learners have in common that label kept features by parameters which all clients share.
#pragma once
#include "algorithms/learner.hpp"
#include "algorithms/losses/cross_entropy.hpp"

namespace fedorbit {

/// It says its tensors (layout_, all shared), their first values, and logits(); its steps may be recorded.
class FeatureLearner : public Learner, public Classifier {
 public:
  const Layout& layout() const final { return layout_; }
  /// Cross entropy of the logits.
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn&) override {
    return cross_entropy(logits(parameters, batch), batch.labels, batch.present);
  }
  bool replayable() const override { return true; }
  Classifier* classifier() final { return this; }
  Scorer scorer(const Parameters& parameters, Scope) final {
    return [this, parameters](const Batch& batch) { return logits(parameters, batch); };
  }

 protected:
  /// (K, B, C) of features (K, B, d).
  virtual Tensor logits(const Parameters& parameters, const Batch& batch) const = 0;
  Layout layout_;
};

}  // namespace fedorbit
