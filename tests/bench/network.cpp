// Local steps of a whole network, arithmetic alone: tests/bench/network_speed.py runs it beside PyTorch's.
//   bench_network ARCHITECTURE PIXELS BATCH [PRECISION [THREADS [LEARNER [OPTION=VALUE...]]]]
// A line on the input: one step; its processor seconds and those of a clock on the output.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <malloc.h>

#include <chrono>
#include <ctime>
#include <iostream>

#include "algorithms/optimiser.hpp"
#include "algorithms/registry.hpp"

using namespace fedorbit;

int main(int count, char** words) {
  mallopt(M_MMAP_THRESHOLD, 1 << 26);  // as the program's main has it
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  at::set_num_threads(count > 5 ? std::stoi(words[5]) : 1);
  const std::int64_t side = std::stoll(words[2]), batch_size = std::stoll(words[3]), classes = 21;
  const std::string name = count > 6 ? words[6] : "network";
  LearnerOptions options;
  OptionList list = OptionList::of(options);
  list.set(name + ".architecture=" + words[1]);
  list.set(name + ".image_size=" + std::to_string(side));
  if (count > 4) list.set(name + ".precision=" + words[4]);
  for (int i = 7; i < count; ++i) list.set(name + "." + words[i]);
  const auto learner =
      make_learner(name, options, {.class_names = std::vector<std::string>(std::size_t(classes), "class")});

  const std::vector<ClientId> clients{0};
  Parameters parameters(learner->layout(), 1);
  for (const Owner owner : owners) learner->initialise(parameters, owner, clients, Keys(1));
  OptimiserOptions rates;
  const auto optimiser = make_optimiser(rates, learner->layout(), Owner::shared, 1, at::kCPU);
  optimiser->begin_turn(rates.learning_rate);
  Memory memory(1, {});
  Diagnostics diagnostics(learner->diagnostics(), 1);
  Turn turn{0, 0, clients, learner->layout(), {}, memory, diagnostics, Keys(1)};
  Batch batch;
  batch.images = at::randn({1, learner->needs().views, batch_size, 3, side, side});
  batch.labels = at::randint(classes, {1, batch_size}, at::kLong);
  batch.present = at::ones({1, batch_size});
  batch.places = at::arange(batch_size).unsqueeze(0);
  batch.active = turn.active = at::ones({1});

  const std::int64_t trained = learner->layout().trained(Owner::shared);
  for (std::string line; std::getline(std::cin, line);) {
    const std::clock_t start = std::clock();
    const auto before = std::chrono::steady_clock::now();
    parameters.zero_gradient();
    learner->loss(parameters, batch, turn).sum().backward();
    const at::NoGradGuard no_gradient;
    optimiser->step(parameters.weights(Owner::shared).narrow(1, 0, trained),
                    parameters.gradient(Owner::shared).narrow(1, 0, trained), batch.active);
    learner->after_step(parameters, turn);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
    std::cout << double(std::clock() - start) / CLOCKS_PER_SEC << ' ' << taken.count() << std::endl;
  }
}
