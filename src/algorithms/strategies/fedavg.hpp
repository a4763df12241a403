// FedAvg (McMahan et al. 2017, arXiv 1602.05629): the weighted mean of what clients trained.
#pragma once
#include <ATen/ops/add.h>

#include "algorithms/strategy.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct FedAvgOptions {
  double learning_rate = 1;
  void fields(OptionList& v) {
    v("learning_rate", learning_rate, "", "of the server: how much of the mean update it takes", 0, 1e6);
  }
};

/// Every other default of a strategy is FedAvg's. What differs from it at the server alone derives from it, and stays
/// replayable.
class FedAvg : public Strategy {
 public:
  explicit FedAvg(const FedAvgOptions& options = {}) : rate_(options.learning_rate) {}
  bool replayable() const override { return true; }
  void aggregate(Server& server, const Sums& sums) override {
    server.global = at::add(server.global, sums.mean_update, rate_);
  }

 private:
  double rate_;
};

}  // namespace fedorbit
