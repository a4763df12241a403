// FedCLIP (Lu et al. 2023, arXiv 2302.13485): a gate over the features of frozen images, shared by all clients.
#pragma once
#include "algorithms/learners/feature_learner.hpp"
#include "algorithms/material.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct FedClipOptions {
  std::string objective = "contrastive";
  double feature_length = 0;
  void fields(OptionList& v) {
    v("objective", objective,
      "contrastive: every image of a batch finds its own text and the other way, as published, where images of one "
      "class are each other's negatives; classes: cross entropy over all classes",
      {"contrastive", "classes"});
    v("feature_length", feature_length, "",
      "length that features are given before the adapter sees them; 0: as they are. Its authors' are as CLIP's tower "
      "gives them, about 10 long; the adapter learns little from imported ones of unit length",
      0, 1e6);
  }
};

class FedClipLearner final : public FeatureLearner {
 public:
  FedClipLearner(const FedClipOptions& options, const Material& material);

  /// Uniform in +-1/sqrt(d), all of it, as PyTorch starts a Linear of d inputs.
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  Tensor loss(const Parameters&, const Batch&, Turn&) override;
  bool reads_names() const override { return true; }
  std::int64_t usual_group(const at::Device&) const override;
  double step_bytes(std::int64_t batch_size) const override;

 private:
  /// softmax(W2 tanh(W1 z + b1) + b2) * z, of unit length: (K, B, d).
  Tensor adapted(const Parameters&, const Tensor& features) const;
  Tensor logits(const Parameters&, const Batch&) const override;
  FedClipOptions options_;
  std::int64_t width_;
  double logit_scale_;
  Tensor texts_;  // (1, C, d) unit
};

}  // namespace fedorbit
