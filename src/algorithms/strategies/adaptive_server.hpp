// What FedAdagrad, FedAdam and FedYogi have in common (Reddi et al. 2021, arXiv 2003.00295, algorithm 2): the mean
// update is a gradient for the server, whose steps adapt to each parameter.
#pragma once
#include <ATen/ops/sqrt.h>

#include "algorithms/strategies/fedavg.hpp"

namespace fedorbit {

struct AdaptiveServerOptions {
  double learning_rate = 0.01, beta1 = 0.9, tau = 1e-3;
  void fields(OptionList& v) {
    v("learning_rate", learning_rate, "", "of the server", 0, 1e6);
    v("beta1", beta1, "", "of the server's mean of updates", 0, 0.999999);
    v("tau", tau, "", "degree of adaptivity: added to the root of the mean square, whose first value is its square",
      1e-12, 1e6);
  }
};

/// Of those whose mean square forgets, too.
struct ForgettingServerOptions : AdaptiveServerOptions {
  double beta2 = 0.99;
  void fields(OptionList& v) {
    AdaptiveServerOptions::fields(v);
    v("beta2", beta2, "", "of the server's mean of squares", 0, 0.999999);
  }
};

class AdaptiveServer : public FedAvg {
 public:
  Lengths server_memories(const Layout& layout) const final {
    return {{"mean", layout.weights(Owner::shared)}, {"square", layout.weights(Owner::shared)}};
  }
  /// m = beta1 m + (1 - beta1) update; v follows the update's square; w += rate m / (sqrt(v) + tau).
  void aggregate(Server& server, const Sums& sums) final {
    Tensor &m = server.memory.at("mean"), &v = server.memory.at("square");  // (P)
    if (server.round == 0) v.fill_(options_.tau * options_.tau);
    m.mul_(options_.beta1).add_(sums.mean_update, 1 - options_.beta1);
    follow(v, sums.mean_update * sums.mean_update);
    server.global = server.global + options_.learning_rate * m / (v.sqrt() + options_.tau);
  }

 protected:
  explicit AdaptiveServer(const AdaptiveServerOptions& options) : options_(options) {}

 private:
  /// The next `v` (P), in place, from the square (P) of the mean update.
  virtual void follow(Tensor& v, const Tensor& square) const = 0;
  AdaptiveServerOptions options_;
};

}  // namespace fedorbit
