// A linear classifier of kept features, shared by all clients: the federated linear probe.
#pragma once
#include "algorithms/learners/feature_learner.hpp"
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

class LinearLearner final : public FeatureLearner {
 public:
  LinearLearner(const LinearOptions& options, const Material& material);

  /// Zeros: every class is as likely as any other, and the loss is convex.
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  std::int64_t usual_group(const at::Device&) const override { return 40; }
  double step_bytes(std::int64_t batch_size) const override;

 private:
  /// W v + b.
  Tensor logits(const Parameters&, const Batch&) const override;
  LinearOptions options_;
  std::int64_t width_, classes_;
};

}  // namespace fedorbit
