// What learners without labels have in common: all of a network is trained, and its features may be pulled towards
// those of another encoder, which keeps clients together (the representation alignment of FedSense, Tan et al. 2025,
// arXiv 2503.11051; the form is ours).
#pragma once
#include <optional>
#include <utility>

#include "algorithms/learners/image_network.hpp"
#include "algorithms/learners/public_encoder.hpp"
#include "model/networks/mlp_head.hpp"

namespace fedorbit {

struct AlignedOptions : BackboneOptions {
  double alignment = 0;
  PublicEncoderOptions aligned;
  void fields(OptionList& v) {
    BackboneOptions::fields(v);
    v("alignment", alignment, "",
      "weight of a pull of features, through two layers of their width, towards those of another encoder; 0: none", 0,
      1e6);
    aligned.fields(v);
  }
};

class AlignedNetwork : public ImageNetwork {
 public:
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  std::string weights_checksum() const override;

 protected:
  AlignedNetwork(std::string section, const AlignedOptions& options, const Material& material);
  /// As ImageNetwork::begin(); everything is trained.
  void begin(const Material& material, std::vector<NetworkTensor> behind);

  bool aligns() const { return options_.alignment > 0; }
  /// Images (B, 3, S, S) that client k trains on, and what the backbone made of them (B, d), in as many views as there
  /// are -> alignment * (1 - cos(a(f(x)), sg f_U(x))) in the mean over images and views: a the aligner, f_U the
  /// backbone as it was received, whose batch norms take the batch's statistics, or the public encoder.
  using Represented = std::vector<std::pair<Tensor, Tensor>>;
  Tensor pull(const NamedTensors& model, const Parameters& parameters, std::int64_t k, const Represented& views) const;

 private:
  std::string section_;
  AlignedOptions options_;
  std::optional<WeightCopy> received_;
  std::optional<PublicEncoder> public_;
  MlpHead aligner_;
};

}  // namespace fedorbit
