// Which rank trains which group: an accident of the machine that no result depends on.
#pragma once
#include <vector>

#include "core/client_id.hpp"

namespace fedorbit {

using Groups = std::vector<std::vector<ClientId>>;

/// Group g of n goes to rank floor(g * ranks / n): neighbours stay together, and counts differ by one at most.
class Placement {
 public:
  Placement(Groups groups, int ranks) : groups_(std::move(groups)), ranks_(ranks) {}

  const Groups& groups() const { return groups_; }
  int rank_of(std::size_t group) const { return int(group * std::size_t(ranks_) / groups_.size()); }
  /// Groups of one rank, in their order.
  Groups of_rank(int rank) const {
    Groups mine;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      if (rank_of(g) == rank) mine.push_back(groups_[g]);
    return mine;
  }
  /// The most clients that any rank has.
  std::size_t most_clients() const {
    std::vector<std::size_t> counts(std::size_t(ranks_), 0);
    for (std::size_t g = 0; g < groups_.size(); ++g) counts[std::size_t(rank_of(g))] += groups_[g].size();
    std::size_t most = 0;
    for (const std::size_t count : counts) most = std::max(most, count);
    return most;
  }

 private:
  Groups groups_;
  int ranks_;
};

}  // namespace fedorbit
