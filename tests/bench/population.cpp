// What a round of a large population moves, takes and holds on each rank, beside its clients' arithmetic, which is next
// to none. Under mpirun, all ranks together.
//   bench_population [CLIENTS [ROUNDS [COHORT...]]]     (default: a million clients, 5 rounds, cohorts of 100 and
//   10,000)
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "bench/heap.hpp"
#include "bench/trivial.hpp"
#include "comm/factory.hpp"
#include "core/clock.hpp"
#include "federation/assemble.hpp"
#include "federation/simulation.hpp"
#include "inputs/kept_features.hpp"

namespace fedorbit {
namespace {

/// What ranks report of the rounds that count, by phase.
struct Phases final : Observer {
  struct Rank {
    double seconds = 0, waiting = 0;
    std::int64_t calls = 0, bytes = 0;
  };
  std::int64_t first = 1;  // round that counts
  std::map<std::string, std::map<std::int64_t, Rank>> by_rank;
  std::vector<double> rounds;
  void round_committed(const RoundRecord& record) override {
    if (record.round >= first) rounds.push_back(record.total_seconds);
  }
  void transported(const std::vector<SpentRecord>& phases, const std::vector<TransportRecord>& moves) override {
    for (const SpentRecord& spent : phases)
      if (spent.round >= first) by_rank[spent.phase][spent.rank].seconds += spent.seconds;
    for (const TransportRecord& move : moves) {
      if (move.round < first) continue;
      Rank& rank = by_rank[move.phase][move.rank];
      rank.waiting += move.waiting_seconds, rank.calls += move.calls, rank.bytes += move.bytes;
    }
  }
  void print(std::int64_t counted) const {
    for (const auto& [phase, ranks] : by_rank) {
      Rank mean, most;
      for (const auto& [rank, one] : ranks) {
        mean.seconds += one.seconds / double(ranks.size()), mean.waiting += one.waiting / double(ranks.size());
        most.seconds = std::max(most.seconds, one.seconds);
        most.calls = std::max(most.calls, one.calls), most.bytes = std::max(most.bytes, one.bytes);
      }
      const double n = double(counted);
      if (mean.seconds / n < 1e-4) continue;
      std::printf(
          "  %-14s %9.5f s a rank and round in the mean (%9.5f waiting), %9.5f at most  %6.1f calls %9.0f bytes\n",
          phase.c_str(), mean.seconds / n, mean.waiting / n, most.seconds / n, double(most.calls) / n,
          double(most.bytes) / n);
    }
  }
};

/// Of each rank's number: the root's, and the largest of the others'.
std::array<double, 2> of_root_and_others(double mine, Communicator& communicator) {
  Tensor numbers = at::zeros({2}, at::kDouble);
  numbers[communicator.root() ? 0 : 1] = mine;
  communicator.all_reduce(numbers, Reduce::max);
  return {numbers[0].item<double>(), numbers[1].item<double>()};
}

void measure(std::int64_t clients, std::int64_t rounds, std::int64_t cohort, Communicator& communicator) {
  constexpr std::int64_t images = 1000, classes = 20;
  Experiment experiment;
  experiment.partition.kind = "sampled";
  experiment.partition.clients = clients;
  experiment.partition.samples_per_client = 8;
  experiment.partition.test_fraction = 0;
  experiment.training.participation = double(cohort) / double(clients);
  experiment.training.batch_size = 8;
  experiment.training.rounds = rounds + 1;
  experiment.training.group_size = 5;
  experiment.evaluation.every = experiment.checkpoint.every = 1000000;
  const Tensor labels = at::arange(images) % classes, domains = at::zeros({images}, at::kLong);
  at::manual_seed(1);
  const KeptFeatures features(Features{at::randn({images, 512}), {}}, labels, at::kCPU);
  const std::int64_t before = bench::heap::in_use;
  const Stopwatch watch;
  const Labelled data{{labels.const_data_ptr<std::int64_t>(), std::size_t(images)},
                      {domains.const_data_ptr<std::int64_t>(), std::size_t(images)},
                      classes,
                      1};
  const Parts parts = assemble(experiment, data, std::make_shared<bench::Trivial>(), at::kCPU);
  Workshop workshop = parts.workshop(experiment, features);
  Phases phases;
  std::vector<Observer*> observers;
  if (communicator.root()) observers.push_back(&phases);
  Simulation simulation(workshop, communicator, {}, observers,
                        [](const State& state) { state.clients.visit([](const Tensor&) {}); });
  const auto [root_seconds, seconds] = of_root_and_others(watch.seconds(), communicator);
  const auto [root_set_up, set_up] = of_root_and_others(double(bench::heap::in_use - before), communicator);
  const std::int64_t begun = bench::heap::in_use;
  bench::heap::most = begun;
  volatile std::sig_atomic_t signal = 0;
  simulation.run(signal);
  const auto [root_most, most] = of_root_and_others(double(bench::heap::most - begun), communicator);
  const auto [root_kept, kept] = of_root_and_others(double(bench::heap::in_use - begun), communicator);
  if (!communicator.root()) return;
  std::ranges::sort(phases.rounds);
  std::printf("%ld clients, %ld a round, %d ranks: median round %.4f s\n", long(clients), long(cohort),
              communicator.size(), phases.rounds[phases.rounds.size() / 2]);
  std::printf(
      "  set up in %.3f s; KiB of the root and of the other ranks at most: set up %.0f, %.0f; more in rounds "
      "%.0f, %.0f; of these kept to the end %.0f, %.0f\n",
      std::max(root_seconds, seconds), root_set_up / 1024, set_up / 1024, root_most / 1024, most / 1024,
      root_kept / 1024, kept / 1024);
  phases.print(rounds);
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  at::set_num_threads(1);
  const auto communicator = make_communicator("auto");
  const std::int64_t clients = count > 1 ? std::stol(arguments[1]) : 1000000;
  const std::int64_t rounds = count > 2 ? std::stol(arguments[2]) : 5;
  std::vector<std::int64_t> cohorts{100, 10000};
  if (count > 3) cohorts.clear();
  for (int i = 3; i < count; ++i) cohorts.push_back(std::stol(arguments[i]));
  for (const std::int64_t cohort : cohorts) measure(clients, rounds, cohort, *communicator);
}
