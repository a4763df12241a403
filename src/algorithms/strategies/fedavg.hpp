// FedAvg (McMahan et al. 2017, arXiv 1602.05629): the weighted mean of what clients trained.
#pragma once
#include "algorithms/strategy.hpp"

namespace fedorbit {

/// Every other default of a strategy is FedAvg's. What differs from it at the server alone derives from it, and stays
/// replayable.
class FedAvg : public Strategy {
 public:
  bool replayable() const override { return true; }
};

}  // namespace fedorbit
