// The most memory that a rank takes for clients of 20 million parameters each, which train one after another, beside
// what a run expects of it before its first round. Freed blocks go back to the system, as large ones do in the program,
// so that the peak is of what is in use.
//   bench_memory CLIENTS [STRATEGY [machine.client_memory]]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "bench/rounds.hpp"
#include "comm/factory.hpp"
#include "federation/memory_check.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t parameters = 20'000'000;

/// Its loss is the mean of all parameters, by the mean of the batch.
class Large final : public Learner {
 public:
  explicit Large(std::int64_t parameters) { layout_.add({"weights", {parameters}, Owner::shared}); }
  const Layout& layout() const override { return layout_; }
  std::int64_t usual_group(const at::Device&) const override { return 1; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override {}
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn&) override {
    return parameters["weights"].mean(1) * batch.features.mean(at::IntArrayRef{1, 2});
  }

 private:
  Layout layout_;
};

double peak_bytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return double(used.ru_maxrss) * 1024;
}

void measure(std::int64_t clients, const std::string& strategy, double client_memory) {
  Large learner(parameters);
  const auto communicator = make_communicator("auto");
  const double before = peak_bytes();
  double expected = 0;
  bench::Rounds rounds{.clients = clients, .group = 1, .rounds = 3, .batch_size = 4};
  rounds.change = [&](Experiment& experiment) {
    experiment.method.strategy = strategy;
    if (strategy == "scaffold") experiment.optimiser.momentum = 0;
    experiment.machine.client_memory = client_memory;
  };
  rounds.opened = [&](const Workshop& workshop) {
    for (const auto& [fixed, client] : memory_uses(workshop, communicator->size()))
      expected = std::max(expected, fixed + client);
  };
  bench::seconds_of(rounds, learner, *communicator);
  std::printf(
      "%s, %ld clients of %.0f MB on %d ranks, of what they keep %.2f GiB in memory: peak %.0f MB, expected %.0f MB\n",
      strategy.c_str(), long(clients), 4 * parameters / 1e6, communicator->size(), client_memory,
      (peak_bytes() - before) / 1e6, expected / 1e6);
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  mallopt(M_MMAP_THRESHOLD, 1 << 26);
  at::set_num_threads(1);
  fedorbit::measure(std::stol(arguments[1]), count > 2 ? arguments[2] : "fedavg",
                    count > 3 ? std::stod(arguments[3]) : 1);
}
