// Whole networks: a vision transformer, a residual network or CLIP's image tower with a head that tells the classes
// apart, trained from random numbers or from weights, wholly or in part.
#pragma once
#include "algorithms/learners/image_network.hpp"

namespace fedorbit {

struct NetworkOptions : BackboneOptions {
  std::string head = "linear", trained = "all";
  double label_smoothing = 0;

  void fields(OptionList& v) {
    BackboneOptions::fields(v);
    v("head", head,
      "linear: one row of weights a class, new or from the file; text: the text features of the class names, which "
      "stay as they are, with the clip's tower",
      {"linear", "text"});
    v("trained", trained,
      "all; head; or tensors by name (* stands for any text), several separated by semicolons: the rest stays with the "
      "weights and is never sent");
    v("label_smoothing", label_smoothing, "", "share of each label that goes to all classes alike", 0, 1);
  }
};

class NetworkLearner final : public ImageNetwork, public Classifier {
 public:
  NetworkLearner(const NetworkOptions& options, const Material& material);

  /// Cross entropy of the head's logits.
  Tensor loss(const Parameters&, const Batch&, Turn&) override;
  Needs needs() const override;
  Classifier* classifier() override { return this; }
  Scorer scorer(const Parameters&, Scope) override;
  Needs needs_to_label() const override { return needs(); }
  bool reads_names() const override { return texts_.defined(); }

 private:
  /// Features (N, d) -> (N, C) float32.
  Tensor logits(const NamedTensors& model, const Tensor& features) const;

  double label_smoothing_;
  Tensor texts_;  // (C, d) unit, instead of a head
  double logit_scale_ = 1;
};

}  // namespace fedorbit
