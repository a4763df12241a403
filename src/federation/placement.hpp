// Which rank trains which group: an accident of the machine that no result depends on.
#pragma once
#include <vector>

#include "core/client_id.hpp"

namespace fedorbit {

using Groups = std::vector<std::vector<ClientId>>;

/// The longest group first, each to the rank that has least to do so far (Graham 1969, "Bounds on Multiprocessing
/// Timing Anomalies"); among equals, the first group and the lowest rank.
class Placement {
 public:
  /// `costs` of the groups, in any unit.
  Placement(Groups groups, const std::vector<double>& costs, int ranks);

  const Groups& groups() const { return groups_; }
  int rank_of(std::size_t group) const { return rank_[group]; }
  /// Groups of one rank, in their order.
  Groups of_rank(int rank) const;
  /// The most clients that any rank has.
  std::size_t most_clients() const;

 private:
  Groups groups_;
  std::vector<int> rank_;  // of each group
  int ranks_;
};

}  // namespace fedorbit
