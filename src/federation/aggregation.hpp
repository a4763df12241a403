// From the turns of all ranks to what came of the cohort: the federated average, exact by default.
#pragma once
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/exact_sum.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

class Aggregation {
 public:
  /// `mode` is training.aggregation.
  Aggregation(const Layout& layout, const Strategy& strategy, std::string mode);

  /// (segments) float64: the largest terms of this rank's finite updates.
  Tensor largest(const std::vector<TurnOutcome>& turns) const;
  /// Collective. `largest` over all ranks; `weight` and `clients` count the finite updates of all ranks.
  Sums sum(const std::vector<TurnOutcome>& turns, const Tensor& largest, std::int64_t weight, std::int64_t clients,
           Communicator& communicator) const;

 private:
  /// Calls use(segment, values, weight) for each tensor and extra of each finite update.
  template <class Use>
  void for_each_term(const std::vector<TurnOutcome>& turns, const Use& use) const;

  std::int64_t update_length_, length_;
  Strategy::Lengths extras_;
  std::vector<Segment> segments_;  // one a tensor, then one an extra
  std::size_t tensors_;            // how many of the segments are tensors
  std::string mode_;
};

}  // namespace fedorbit
