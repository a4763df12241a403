#include "federation/placement.hpp"

#include <algorithm>
#include <numeric>

#include "algorithms/learner.hpp"
#include "federation/experiment.hpp"

namespace fedorbit {

std::int64_t clients_together(const Experiment& experiment, const Learner& learner, at::Device device,
                              std::int64_t cohort, int ranks) {
  const std::int64_t size = experiment.training.group_size;
  const bool on_images = experiment.engine.live_images || learner.needs().views > 0;
  const bool may_part = device.is_cpu() && experiment.machine.threads == 1 &&
                        experiment.engine.precision == "float32" && experiment.engine.kind != "reference" && !on_images;
  return may_part ? std::min(size, std::max<std::int64_t>(1, (cohort + ranks - 1) / ranks)) : size;
}

Placement::Placement(Groups groups, const std::vector<double>& costs, int ranks)
    : groups_(std::move(groups)), rank_(groups_.size()), ranks_(ranks) {
  std::vector<std::size_t> order(groups_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  std::vector<double> load(static_cast<std::size_t>(ranks), 0);
  for (const std::size_t group : order) {
    const auto least = std::ranges::min_element(load);
    *least += costs[group];
    rank_[group] = int(least - load.begin());
  }
}

Groups Placement::of_rank(int rank) const {
  Groups mine;
  for (std::size_t g = 0; g < groups_.size(); ++g)
    if (rank_[g] == rank) mine.push_back(groups_[g]);
  return mine;
}

std::size_t Placement::most_clients() const {
  std::vector<std::size_t> counts(std::size_t(ranks_), 0);
  for (std::size_t g = 0; g < groups_.size(); ++g) counts[std::size_t(rank_[g])] += groups_[g].size();
  return std::ranges::max(counts);
}

}  // namespace fedorbit
