// FedAdam (Reddi et al. 2021, arXiv 2003.00295): the mean square forgets at one rate.
#pragma once
#include "algorithms/strategies/adaptive_server.hpp"

namespace fedorbit {

class FedAdam final : public AdaptiveServer {
 public:
  explicit FedAdam(const ForgettingServerOptions& options) : AdaptiveServer(options), beta2_(options.beta2) {}

 private:
  void follow(Tensor& v, const Tensor& square) const override {
    v.mul_(beta2_).add_(square, 1 - beta2_);  // v = beta2 v + (1 - beta2) update^2
  }
  double beta2_;
};

}  // namespace fedorbit
