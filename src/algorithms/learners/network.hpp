// Whole networks: a vision transformer, a residual network or CLIP's image tower with a head that tells the classes
// apart, trained from random numbers or from weights, wholly or in part. Clients train one after the other.
#pragma once
#include <memory>
#include <set>

#include "algorithms/learner.hpp"
#include "algorithms/material.hpp"
#include "core/options.hpp"
#include "model/networks/architectures.hpp"

namespace fedorbit {

struct NetworkOptions {
  std::string architecture = "vit_small_patch16", head = "linear", weights = "auto", trained = "all",
              precision = "float32", norm = "batch", statistics = "shared";
  std::int64_t image_size = 0, width = 0, depth = 0, statistics_batch = 32;
  double label_smoothing = 0;

  void fields(OptionList& v) {
    v("architecture", architecture, "what is trained; clip: the image tower of model.weights", architecture_names());
    v("image_size", image_size, "pixels", "sides of the images that it sees; 0: 224, or those of the clip's tower", 0,
      4096);
    v("width", width, "channels", "of a vision transformer, or of a residual network's stem; 0: as published", 0, 8192);
    v("depth", depth, "layers", "of a vision transformer; 0: as published, 12", 0, 1000);
    v("weights", weights,
      "where training begins: random; a file of tensors with torchvision's or timm's names; auto: the clip's own, "
      "otherwise random");
    v("head", head,
      "linear: one row of weights a class, new or from the file; text: the text features of the class names, which "
      "stay as they are, with the clip's tower",
      {"linear", "text"});
    v("trained", trained,
      "all; head; or tensors by name (* stands for any text), several separated by semicolons: the rest stays with the "
      "weights and is never sent");
    v("precision", precision, "of the arithmetic; weights and statistics stay in float32", {"float32", "bfloat16"});
    v("norm", norm, "of a residual network: batch norms, or group norms in their places", {"batch", "group"});
    v("statistics", statistics,
      "of batch norms, where images are labelled: running ones, averaged by the server or personal; or those of the "
      "batch that is labelled, which the server's model then takes, too, where the running ones are personal",
      {"shared", "personal", "batch"});
    v("statistics_batch", statistics_batch, "images",
      "whose statistics are taken where those of the batch label; a last, short batch is filled with the first images",
      2, 1e6);
    v("label_smoothing", label_smoothing, "", "share of each label that goes to all classes alike", 0, 1);
  }
};

class NetworkLearner final : public Learner, public Classifier {
 public:
  NetworkLearner(const NetworkOptions& options, const Material& material);

  const Layout& layout() const override { return layout_; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  /// Cross entropy of the head's logits.
  Tensor loss(const Parameters&, const Batch&, Turn&) override;
  /// Batch norms' running statistics follow what the step saw.
  void after_step(Parameters&, const Turn&) override;
  Needs needs() const override;
  std::int64_t smallest_batch() const override { return batch_norms_ ? 2 : 1; }
  double step_bytes(std::int64_t batch_size) const override;
  std::int64_t usual_group(const at::Device&) const override { return 1; }
  std::string assumption() const override { return assumption_; }
  std::string weights_checksum() const override { return weights_checksum_; }
  Classifier* classifier() override { return this; }
  Scorer scorer(const Parameters&, Scope) override;
  Needs needs_to_label() const override { return needs(); }

 private:
  /// What the network is for client k: leaves, what is frozen, and running statistics if they are asked for.
  NamedTensors model_of(const Parameters&, std::int64_t k, bool with_statistics) const;
  /// The values as the network computes with them.
  Tensor computed(const NetworkTensor& tensor, const Tensor& values) const;
  /// Images (N, 3, S, S) -> (N, C) float32; `seen` as Backbone::features has it.
  Tensor logits(const NamedTensors& model, const Tensor& images, NamedTensors* seen = nullptr) const;
  /// The same, where batch norms take the statistics of statistics_batch images at a time.
  Tensor logits_by_batches(const NamedTensors& model, const Tensor& images) const;

  NetworkOptions options_;
  std::unique_ptr<Backbone> backbone_;
  std::vector<NetworkTensor> tensors_;  // of the network and its head
  NamedTensors initial_;                // what weights say of those that are in the layout
  NamedTensors frozen_;                 // all others, as they are computed with
  Tensor texts_;                        // (C, d) unit, instead of a head
  double logit_scale_ = 1;
  std::string assumption_, weights_checksum_;
  std::set<std::string> statistics_;  // those that are in the layout
  bool batch_norms_ = false;          // whether any is trained
  std::vector<NamedTensors> seen_;    // of each client of the group: what batch norms saw in this step
  Layout layout_;
};

}  // namespace fedorbit
