#include "federation/cost_model.hpp"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <unordered_map>

namespace fedorbit {

double CostModel::work(const std::vector<ClientId>& group) const {
  std::int64_t most = 0;
  for (const ClientId client : group) most = std::max(most, steps_(client));
  return double(most) * double(group.size());
}

Placement CostModel::place(Groups groups, int ranks) const {
  std::vector<double> costs;
  for (const auto& group : groups) costs.push_back(fixed_ + per_step_ * work(group));
  return Placement(std::move(groups), costs, ranks);
}

void CostModel::observe(const Placement& placement, const std::vector<double>& seconds) {
  constexpr double kept = 0.8;  // of the weight of older rounds
  for (double* sum : {&count_, &works_, &seconds_, &squares_, &products_}) *sum *= kept;
  for (std::size_t g = 0; g < seconds.size(); ++g) {
    const double x = work(placement.groups()[g]), y = seconds[g];
    count_ += 1;
    works_ += x;
    seconds_ += y;
    squares_ += x * x;
    products_ += x * y;
  }
  // Least squares; a line that would fall, or that starts below zero, goes through the origin.
  const double spread = count_ * squares_ - works_ * works_;
  const double slope = spread > 0 ? (count_ * products_ - works_ * seconds_) / spread : 0;
  const double start = (seconds_ - slope * works_) / count_;
  const bool sound = slope > 0 && start >= 0;
  per_step_ = sound ? slope : seconds_ / std::max(works_, 1.0);
  fixed_ = sound ? start : 0;
}

void CostModel::share(Communicator& communicator) {
  Tensor model = at::tensor({fixed_, per_step_}, at::kDouble);
  communicator.broadcast(model);
  fixed_ = model[0].item<double>();
  per_step_ = model[1].item<double>();
}

std::vector<double> seconds_of_groups(const Placement& placement, const std::vector<RankReport>& reports) {
  std::unordered_map<ClientId, std::size_t> group_of;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g]) group_of[client] = g;
  std::vector<double> seconds(placement.groups().size(), 0);
  for (const RankReport& report : reports)
    for (const TurnRecord& turn : report.turns) seconds[group_of.at(turn.client)] += turn.seconds;
  return seconds;
}

}  // namespace fedorbit
