// What learners without labels have in common that compare two views of each image: a backbone, a projector behind it,
// and a look at whether all images end at one place.
#pragma once
#include "algorithms/learners/aligned_network.hpp"

namespace fedorbit {

struct ViewPairOptions : AlignedOptions {
  double collapse_warning = 0.1;
  ViewPairOptions() { architecture = "resnet18"; }
  void fields(OptionList& v) {
    AlignedOptions::fields(v);
    v("collapse_warning", collapse_warning, "",
      "a round whose mean spread of features is below this warns: 1 where they lie all around, 0 where all are one", 0,
      1);
  }
};

/// Of heads with norms between their layers.
struct HeadNormOptions {
  std::string head_norm = "batch";
  void fields(OptionList& v) {
    v("head_norm", head_norm,
      "of the layers behind the backbone: batch norms, which take the statistics of each batch and keep none, or layer "
      "norms in their places",
      {"batch", "layer"});
  }
  HeadNorm norm() const { return head_norm == "batch" ? HeadNorm::batch : HeadNorm::layer; }
};

class ViewPairs : public AlignedNetwork {
 public:
  /// That of the pairs, and the pull of the views that are trained on.
  Tensor loss(const Parameters&, const Batch&, Turn&) final;
  Needs needs() const final { return images_in(2); }
  std::int64_t smallest_batch() const override;
  double step_bytes(std::int64_t batch_size) const override;
  std::vector<std::string> diagnostics() const final { return {"spread"}; }
  std::vector<std::string> warnings(std::span<const double> means) const final;

 protected:
  ViewPairs(std::string section, const ViewPairOptions& options, const Material& material)
      : AlignedNetwork(section, options, material), name_(std::move(section)), pair_options_(options) {}
  /// As AlignedNetwork::begin().
  void begin(const Material& material, const std::vector<MlpHead>& heads);

  /// The images of client k in two views (B, 3, S, S), and its model.
  struct Pair {
    const Tensor &one, &other;
    const NamedTensors& model;
    const Parameters& parameters;
    std::int64_t k;
    const Turn& turn;
  };
  /// The mean loss over images, a scalar.
  virtual Tensor of_pair(const Pair& pair) = 0;
  /// Images of a pair (B, 3, S, S) -> what the backbone makes of them in training, (B, d).
  Tensor represented(const Pair& pair, const Tensor& images);
  /// To be called with a client's projections (B, d). Their spread is the deviation of unit features over the batch, in
  /// the mean over numbers, times sqrt(d): about 1 where they lie all around, 0 where they have collapsed.
  void observe_spread(std::int64_t k, const Tensor& projections);

 private:
  std::string name_;
  ViewPairOptions pair_options_;
  double kept_by_heads_ = 0;  // numbers of an image
  bool batch_norms_ = false;  // behind the backbone
  Tensor spread_;             // (K), NaN where there is none to see
  Represented represented_;   // of the pair in hand
};

}  // namespace fedorbit
