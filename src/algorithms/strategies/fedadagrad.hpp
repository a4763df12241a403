// FedAdagrad (Reddi et al. 2021, arXiv 2003.00295): squares of updates add up.
#pragma once
#include "algorithms/strategies/adaptive_server.hpp"

namespace fedorbit {

struct FedAdagradOptions : AdaptiveServerOptions {
  FedAdagradOptions() { beta1 = 0; }
};

class FedAdagrad final : public AdaptiveServer {
 public:
  explicit FedAdagrad(const FedAdagradOptions& options) : AdaptiveServer(options) {}

 private:
  void follow(Tensor& v, const Tensor& square) const override {
    v.add_(square);  // v = v + update^2
  }
};

}  // namespace fedorbit
