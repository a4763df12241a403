// FedSAM (Qu et al. 2022, arXiv 2206.02618; Caldarola et al. 2022, arXiv 2203.11834): clients look for flat minima, by
// the gradient at the worst place nearby (Foret et al. 2021).
#pragma once
#include "algorithms/row_norm.hpp"
#include "algorithms/strategies/perturbation.hpp"

namespace fedorbit {

class FedSam final : public FedAvg {
 public:
  explicit FedSam(const PerturbationOptions& options) : FedAvg(options), rho_(options.rho) {}
  /// The gradient at w + e, e = rho g / |g|, g that at w; over the weights that are shared.
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn&) override {  // (K, P)
    const Tensor here = at(shared);
    return at(shared + of_length(rho_, here));
  }

 private:
  double rho_;
};

}  // namespace fedorbit
