// Which rank trains which group: an accident of the machine that no result depends on.
#pragma once
#include <c10/core/Device.h>

#include <vector>

#include "core/client_id.hpp"

namespace fedorbit {

struct Experiment;
class Learner;

/// How many clients train together at most: training.group_size, or fewer where ranks would be left without any and no
/// bit depends on who trains together: in float32, on one thread of a CPU (algorithms/learner.hpp), and not on images,
/// which a tower sees a group at a time and a network with kernels that look at where a client's weights lie.
std::int64_t clients_together(const Experiment& experiment, const Learner& learner, at::Device device,
                              std::int64_t cohort, int ranks);

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
