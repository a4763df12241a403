// Rounds of a federation that does nothing but train: every client takes two steps, on features of random numbers.
#pragma once
#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <map>

#include "bench/clip.hpp"
#include "comm/communicator.hpp"
#include "core/error.hpp"
#include "federation/assemble.hpp"
#include "federation/simulation.hpp"
#include "inputs/kept_features.hpp"

namespace fedorbit::bench {

struct Rounds {
  std::int64_t clients = 40, group = 5, rounds = 5, batch_size = 32;
  std::int64_t patches = 0;  // of an image, where a learner wants them
  std::int64_t warm_up = 1;  // rounds before those that count
  at::Device device = at::kCPU;
  bool graph = true;
  std::function<void(std::int64_t)> committed{};  // told of every round at its end
  std::function<void(Experiment&)> change{};      // of options that are not here
  std::function<void(const Workshop&)> opened{};  // told before the first round
};

/// Medians over rounds, in seconds.
struct RoundSeconds {
  double total, waiting, harness;  // harness: neither training nor waiting for other ranks
};

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Stopwatches final : Observer {
  const Rounds* rounds = nullptr;
  std::vector<double> total;
  std::map<std::int64_t, double> training, waiting, exams;  // of the root, by round
  void round_committed(const RoundRecord& record) override {
    for (const TurnRecord& turn : record.turns) require(turn.steps == 2, "a client took ", turn.steps, " steps.");
    total.push_back(record.total_seconds);
    if (rounds->committed) rounds->committed(record.round);
  }
  void transported(const std::vector<SpentRecord>& phases, const std::vector<TransportRecord>& moves) override {
    for (const SpentRecord& spent : phases)
      if (spent.rank == 0 && spent.phase == name(Phase::training))
        training[spent.round] += spent.seconds;
      else if (spent.rank == 0 && spent.phase == name(Phase::evaluation))
        exams[spent.round] += spent.seconds;
    for (const TransportRecord& move : moves)
      if (move.rank == 0) waiting[move.round] += move.waiting_seconds;
  }
};

/// Collective; what it returns counts at the root.
inline RoundSeconds seconds_of(const Rounds& rounds, Learner& learner, Communicator& communicator) {
  const std::int64_t images = 2 * rounds.batch_size - 1, classes = std::int64_t(class_names.size());
  Experiment experiment;
  experiment.training.batch_size = rounds.batch_size;
  experiment.partition.clients = rounds.clients;
  experiment.partition.test_fraction = 0;
  experiment.training.rounds = rounds.rounds + rounds.warm_up;
  experiment.training.group_size = rounds.group;
  experiment.evaluation.every = 1000000;
  experiment.evaluation.clients = 0;
  experiment.evaluation.linear_probe = false;
  experiment.checkpoint.every = 1000000;
  experiment.machine.graph = rounds.graph;
  if (rounds.change) rounds.change(experiment);
  const std::int64_t count = rounds.clients * images;
  const Tensor labels = at::arange(count) % classes, domains = at::zeros({count}, at::kLong);
  const std::shared_ptr<Learner> lent(&learner, [](Learner*) {});  // the caller's
  const Parts parts = assemble(experiment,
                               {{labels.const_data_ptr<std::int64_t>(), std::size_t(count)},
                                {domains.const_data_ptr<std::int64_t>(), std::size_t(count)},
                                classes,
                                1},
                               lent, rounds.device);
  at::manual_seed(1);
  const auto there = at::TensorOptions(at::kFloat).device(rounds.device);
  Features features{at::randn({count, 512}, there), {}};
  if (rounds.patches > 0) features.patches = at::randn({count, rounds.patches, 512}, there);
  const KeptFeatures samples(features, labels, rounds.device);
  Workshop workshop = parts.workshop(experiment, samples);
  if (rounds.opened) rounds.opened(workshop);
  Stopwatches watches;
  watches.rounds = &rounds;
  std::vector<Observer*> observers;
  if (communicator.root()) observers.push_back(&watches);
  Simulation simulation(workshop, communicator, {}, observers,
                        [](const State& state) { state.clients.visit([](const Tensor&) {}); },
                        {experiment.machine.client_bytes(), std::filesystem::temp_directory_path()});
  volatile std::sig_atomic_t signal = 0;
  simulation.run(signal);
  if (!communicator.root()) return {};
  std::vector<double> total, waiting, harness;
  for (std::int64_t r = rounds.warm_up; r < std::int64_t(watches.total.size()); ++r) {
    total.push_back(watches.total[std::size_t(r)] - watches.exams[r]);
    waiting.push_back(watches.waiting[r]);
    harness.push_back(total.back() - watches.training[r] - waiting.back());
  }
  return {median(total), median(waiting), median(harness)};
}

}  // namespace fedorbit::bench
