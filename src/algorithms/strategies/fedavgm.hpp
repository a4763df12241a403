// FedAvgM (Hsu et al. 2019, arXiv 1909.06335): the server has momentum.
#pragma once
#include "algorithms/strategies/fedavg.hpp"

namespace fedorbit {

struct FedAvgMOptions {
  double learning_rate = 1, momentum = 0.9;
  void fields(OptionList& v) {
    v("learning_rate", learning_rate, "", "of the server", 0, 1e6);
    v("momentum", momentum, "", "of the server", 0, 1);
  }
};

class FedAvgM final : public FedAvg {
 public:
  explicit FedAvgM(const FedAvgMOptions& options) : options_(options) {}
  Lengths server_memories(const Layout& layout) const override { return {{"momentum", layout.weights(Owner::shared)}}; }
  /// m = momentum m + update; w += rate m.
  void aggregate(Server& server, const Sums& sums) override {
    Tensor& m = server.memory.at("momentum");  // (P)
    m.mul_(options_.momentum).add_(sums.mean_update);
    server.global = at::add(server.global, m, options_.learning_rate);
  }

 private:
  FedAvgMOptions options_;
};

}  // namespace fedorbit
