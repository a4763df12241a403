// What learners have in common in which a second network follows the one that is trained: the momentum encoder, which
// has neither a gradient nor an optimiser.
#pragma once
#include <optional>

#include "algorithms/learners/view_pairs.hpp"

namespace fedorbit {

struct MomentumOptions : ViewPairOptions {
  double momentum = 0.99;
  std::string kept = "turn";
  void fields(OptionList& v) {
    ViewPairOptions::fields(v);
    v("momentum", momentum, "", "share of its old values that the momentum encoder keeps in each step", 0, 1);
    v("kept", kept,
      "how long clients keep the momentum encoder, and a queue: for a turn, which the encoder begins as the model that "
      "was received; or for good, in the client",
      {"turn", "client"});
  }
};

class MomentumPairs : public ViewPairs {
 public:
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  /// w' <- m w' + (1 - m) w for every weight w of the backbone and the followed head.
  void after_step(Parameters&, const Turn&) override;

 protected:
  MomentumPairs(std::string section, const MomentumOptions& options, const Material& material)
      : ViewPairs(std::move(section), options, material), momentum_(options.momentum), kept_(options.kept) {}
  /// `followed`: the head that the momentum encoder has, too; `others`: those that it has not.
  void begin(const Material& material, const MlpHead& followed, const std::vector<MlpHead>& others = {});
  /// Images (B, 3, S, S) -> what the followed head of the momentum encoder gives, without gradient; its batch norms
  /// take the batch's statistics.
  Tensor of_momentum_encoder(const Pair& pair, const Tensor& images) const;
  /// Whose the momentum encoder is.
  Owner owner() const { return kept_ == "client" ? Owner::personal : Owner::turn; }

 private:
  double momentum_;
  std::string kept_;
  MlpHead followed_;
  std::optional<WeightCopy> copy_;
};

}  // namespace fedorbit
