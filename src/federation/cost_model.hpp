// What a group's training costs, learned from the rounds so far: it decides who trains what, and nothing else.
#pragma once
#include <functional>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/placement.hpp"
#include "federation/round_message.hpp"

namespace fedorbit {

/// A group's seconds are `fixed + per_step * work`, where its work is its clients times the steps of the busiest. Older
/// rounds count less, so that a machine that has become slower is noticed.
class CostModel {
 public:
  /// `steps`: how many a client takes in a turn.
  explicit CostModel(std::function<std::int64_t(ClientId)> steps) : steps_(std::move(steps)) {}

  /// Where these groups are trained by what is known now; before any round, by their work alone. Only the same on every
  /// rank if nothing was observed since share().
  Placement place(Groups groups, int ranks) const;
  /// What groups took in a round: `seconds` of each of the placement's groups, see seconds_of_groups().
  void observe(const Placement& placement, const std::vector<double>& seconds);
  /// Collective: every rank takes the root's model, since sums of seconds need not be equal to the last bit on
  /// processors that differ.
  void share(Communicator& communicator);

 private:
  double work(const std::vector<ClientId>& group) const;

  std::function<std::int64_t(ClientId)> steps_;
  double fixed_ = 0, per_step_ = 1;
  double count_ = 0, works_ = 0, seconds_ = 0, squares_ = 0, products_ = 0;  // sums over what was observed
};

/// What each of the placement's groups took, by what the ranks report of their clients' turns.
std::vector<double> seconds_of_groups(const Placement& placement, const std::vector<RankReport>& reports);

}  // namespace fedorbit
