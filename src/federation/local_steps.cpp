#include "federation/local_steps.hpp"

#include <algorithm>

#include "federation/turn.hpp"

namespace fedorbit {

LocalPlan plan_turn(const Workshop& workshop, std::span<const ClientId> clients, std::int64_t round) {
  const TrainingOptions& training = workshop.experiment.training;
  LocalPlan plan;
  for (std::size_t k = 0; k < clients.size(); ++k) {
    std::vector<std::int64_t> images = workshop.partition.shard(clients[k]).train;
    const auto count = std::int64_t(images.size());
    const LocalSteps steps = training.local_steps(count);
    plan.samples.push_back(count);
    plan.steps.push_back(steps.all);
    if (std::int64_t(plan.picks.size()) < steps.all)
      plan.picks.resize(std::size_t(steps.all),
                        {std::vector<std::vector<std::int64_t>>(clients.size()), workshop.width});
    Stream stream = workshop.keys.stream(Purpose::shuffle, std::uint64_t(round), std::uint64_t(clients[k]));
    for (std::int64_t step = 0; step < steps.all; ++step) {
      const std::int64_t first = step % steps.per_epoch * training.batch_size;
      if (first == 0) stream.shuffle(std::span(images));
      const std::int64_t last = std::min(first + training.batch_size, count);
      plan.picks[std::size_t(step)].images[k].assign(images.begin() + first, images.begin() + last);
    }
  }
  if (training.group_size == 1)
    for (Picks& picks : plan.picks) picks.width = std::int64_t(picks.images.front().size());
  return plan;
}

OpenedTurn open_turn(const Workshop& workshop, std::span<const ClientId> clients, std::int64_t round) {
  LocalPlan plan = plan_turn(workshop, clients, round);
  const auto steps = std::int64_t(plan.picks.size());
  return {std::move(plan.samples), std::move(plan.steps), steps,
          workshop.batches.stream(std::move(plan.picks), workshop.learner.needs(),
                                  Occasion{round, {clients.begin(), clients.end()}})};
}

}  // namespace fedorbit
