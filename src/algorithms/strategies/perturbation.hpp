// Options of servers whose clients take gradients a step away from where they stand.
#pragma once
#include "algorithms/strategies/fedavg.hpp"

namespace fedorbit {

struct PerturbationOptions : FedAvgOptions {
  double rho = 0.05;
  void fields(OptionList& v) {
    v("rho", rho, "", "length of the step to the place where the gradient is taken", 0, 1e6);
    FedAvgOptions::fields(v);
  }
};

}  // namespace fedorbit
