// FedProx (Li et al. 2020, arXiv 1812.06127): a quadratic pull of each client towards the global model.
#pragma once
#include "algorithms/strategy.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct FedProxOptions {
  double mu = 0.01;
  void fields(OptionList& v) { v("mu", mu, "", "strength of the pull towards the global model", 0, 1e6); }
};

class FedProx final : public Strategy {
 public:
  explicit FedProx(const FedProxOptions& options) : mu_(options.mu) {}
  /// The gradient of loss + mu/2 |w - w_start|^2.
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn& turn) override {  // (K, P)
    return at(shared) + mu_ * (shared - turn.start);
  }
  bool replayable() const override { return true; }
  std::string idle(std::int64_t most_steps) const override {
    if (most_steps > 1) return {};
    return "fedprox pulls from a client's second step in a round on, and no client takes two: this run is fedavg's; "
           "use a smaller training.batch_size or more training.local_epochs.";
  }

 private:
  double mu_;
};

}  // namespace fedorbit
