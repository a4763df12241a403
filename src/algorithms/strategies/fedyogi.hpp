// FedYogi (Reddi et al. 2021, arXiv 2003.00295): the mean square moves by the update's square, towards it.
#pragma once
#include "algorithms/strategies/adaptive_server.hpp"

namespace fedorbit {

class FedYogi final : public AdaptiveServer {
 public:
  explicit FedYogi(const ForgettingServerOptions& options) : AdaptiveServer(options), beta2_(options.beta2) {}

 private:
  void follow(Tensor& v, const Tensor& square) const override {
    v.sub_(square * (v - square).sign(), 1 - beta2_);  // v = v - (1 - beta2) update^2 sign(v - update^2)
  }
  double beta2_;
};

}  // namespace fedorbit
