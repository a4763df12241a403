// What learners that train whole networks on images have in common: a backbone and what stands behind it, where their
// tensors begin, batch norms' statistics, and the backbone's features. Clients train one after the other.
#pragma once
#include <memory>
#include <set>

#include "algorithms/learner.hpp"
#include "algorithms/learners/weight_copy.hpp"
#include "algorithms/material.hpp"
#include "core/options.hpp"
#include "model/networks/architectures.hpp"

namespace fedorbit {

struct BackboneOptions {
  std::string architecture = "vit_small_patch16", weights = "auto", precision = "float32", norm = "batch",
              statistics = "shared";
  std::int64_t image_size = 0, width = 0, depth = 0, statistics_batch = 32;

  void fields(OptionList& v) {
    v("architecture", architecture, "what is trained; clip: the image tower of model.weights", architecture_names());
    v("image_size", image_size, "pixels", "sides of the images that it sees; 0: 224, or those of the clip's tower", 0,
      4096);
    v("width", width, "channels", "of a vision transformer, or of a residual network's stem; 0: as published", 0, 8192);
    v("depth", depth, "layers", "of a vision transformer; 0: as published, 12", 0, 1000);
    v("weights", weights,
      "where training begins: random; a file of tensors with torchvision's or timm's names; auto: the clip's own, "
      "otherwise random");
    v("precision", precision, "of the arithmetic; weights and statistics stay in float32", {"float32", "bfloat16"});
    v("norm", norm, "of a residual network: batch norms, or group norms in their places", {"batch", "group"});
    v("statistics", statistics,
      "of batch norms, where images are judged: running ones, averaged by the server or personal; or those of the "
      "batch that is judged, which the server's model then takes, too, where the running ones are personal",
      {"shared", "personal", "batch"});
    v("statistics_batch", statistics_batch, "images",
      "whose statistics are taken where those of the batch count; a last, short batch is filled with the first images",
      2, 1e6);
  }
};

class ImageNetwork : public Learner, public Encoder {
 public:
  const Layout& layout() const override { return layout_; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  /// Batch norms' running statistics follow what the step saw, forward pass after forward pass.
  void after_step(Parameters&, const Turn&) override;
  std::int64_t smallest_batch() const override { return batch_norms_ ? 2 : 1; }
  double step_bytes(std::int64_t batch_size) const override;
  std::int64_t usual_group(const at::Device&) const override { return 1; }
  std::string assumption() const override { return assumption_; }
  std::string weights_checksum() const override { return weights_checksum_; }
  Encoder* encoder() override { return this; }
  Encoding encoding(const Parameters&, Scope) override;
  /// Running statistics are read, and stay.
  Tensor encode(const Parameters&, const Batch&) override;
  Needs needs_to_encode() const override { return images_in(1); }
  std::int64_t width() const override { return backbone_->width(); }

 protected:
  /// `section`: of the learner's options, by which errors name them. begin() comes before anything else.
  ImageNetwork(std::string section, const BackboneOptions& options, const Material& material);
  /// Lays out the backbone's tensors and those behind it, reads weights, and freezes what `trained` does not name (all;
  /// head: what stands behind; or patterns). `classes` that a head of the weights must tell apart, 0 where there is no
  /// use for one.
  void begin(const Material& material, std::vector<NetworkTensor> behind, const std::string& trained,
             std::int64_t classes);
  /// Where the network computes.
  static at::Device device_of(const Material& material);
  /// A tensor that is not among those of the network; initialise() leaves it to whoever adds it.
  void add(Entry entry) { layout_.add(std::move(entry)); }
  void add(const WeightCopy& copy) { copy.add_to(layout_); }
  /// Names of those weights of the backbone that are trained.
  std::vector<std::string> weights_of_backbone() const;

  /// The mean of what `of_client` gives for the images of each client, (K): images (V, B, 3, S, S) of those that are
  /// present, and their labels (B), if there are any; zero for a client without.
  using OfClient = std::function<Tensor(std::int64_t k, const Tensor& images, const Tensor& labels)>;
  Tensor for_each_client(const Parameters&, const Batch&, const Turn&, const OfClient& of_client);
  /// What the network is for client k: leaves, what is frozen, and running statistics if they are asked for.
  NamedTensors model_of(const Parameters&, std::int64_t k, bool with_statistics) const;
  /// The same under other names: PREFIX before those of the network, without statistics, only what is in the layout.
  NamedTensors copy_of(const Parameters&, std::int64_t k, const std::string& prefix) const;
  /// Images (N, 3, S, S) of client k in a training step -> (N, d), in whatever type the backbone ends. What batch norms
  /// see is remembered for after_step(), if this is the step's first gradient.
  Tensor trained_features(const NamedTensors& model, const Tensor& images, std::int64_t k, const Turn& turn);
  /// The same while labelling, or of a copy: nothing is remembered.
  Tensor features(const NamedTensors& model, const Tensor& images, NamedTensors* seen = nullptr) const;
  using Judged = std::function<Tensor(const NamedTensors& model, const Tensor& images)>;
  /// A batch's first view -> what `judged` gives for it, by the statistics that are to be judged with.
  std::function<Tensor(const Batch&)> frozen_at(const Parameters&, Scope, Judged judged) const;
  Needs images_in(std::int64_t views) const;

  const Backbone& backbone() const { return *backbone_; }
  const std::vector<NetworkTensor>& tensors() const { return tensors_; }
  bool has(const std::string& name) const;  // in the layout
  /// Whether it is a weight that clients train.
  bool trains(const NetworkTensor& tensor) const { return !tensor.statistic && !frozen_.contains(tensor.name); }
  c10::ScalarType type() const { return options_.precision == "bfloat16" ? at::kBFloat16 : at::kFloat; }

 private:
  /// As frozen_at(), for who wants gradients.
  std::function<Tensor(const Batch&)> judging(const Parameters&, Scope, Judged judged) const;
  /// The values as the network computes with them.
  Tensor computed(const NetworkTensor& tensor, const Tensor& values) const;

  std::string section_;
  BackboneOptions options_;
  std::unique_ptr<Backbone> backbone_;
  std::vector<NetworkTensor> tensors_;  // of the network and what stands behind it
  NamedTensors initial_;                // what weights say of those that are in the layout
  NamedTensors frozen_;                 // all others, as they are computed with
  std::string assumption_, weights_checksum_;
  std::set<std::string> statistics_;             // those that are in the layout
  bool batch_norms_ = false;                     // whether any is trained
  std::vector<std::vector<NamedTensors>> seen_;  // of each client of the group: what batch norms saw in this step
  Layout layout_;
};

}  // namespace fedorbit
