// FedLESAM (Fan et al. 2024, arXiv 2405.18890): flat minima of the global loss, along the last step of the global model
// that the client knows of: one gradient a step, where FedSAM takes two.
#pragma once
#include "algorithms/row_norm.hpp"
#include "algorithms/strategies/perturbation.hpp"

namespace fedorbit {

class FedLesam final : public FedAvg {
 public:
  explicit FedLesam(const PerturbationOptions& options) : FedAvg(options), rho_(options.rho) {}
  /// The parameters that the client received last, and whether it ever did.
  Lengths memories(const Layout& layout) const override {
    return {{"received", layout.weights(Owner::shared)}, {"knows", 1}};
  }
  /// The gradient at w + e, e = rho (w_before - w_received) / |w_before - w_received|: of the last two models that this
  /// client received, zero until there are two. (The authors' code divides by the sum of its tensors' norms.)
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn& turn) override {  // (K, P)
    const Tensor back = turn.memory("knows") * (turn.memory("received") - turn.start);
    return at(shared + of_length(rho_, back));
  }
  Upload upload(const Tensor& update, Turn& turn) override {
    turn.memory("received").copy_(turn.start);
    turn.memory("knows").fill_(1);
    return {update};
  }

 private:
  double rho_;
};

}  // namespace fedorbit
