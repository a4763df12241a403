#include "federation/memory_check.hpp"

#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/available_memory.hpp"
#include "core/error.hpp"
#include "evaluation/answers.hpp"
#include "federation/cohort.hpp"
#include "machine/device_properties.hpp"

namespace fedorbit {
namespace {

double sum_of(const Strategy::Lengths& lengths) {
  double numbers = 0;
  for (const auto& [name, length] : lengths) numbers += double(length);
  return numbers;
}

double sum_of(const Strategy::Extras& extras) {
  double numbers = 0;
  for (const auto& [name, extra] : extras) numbers += double(extra.length);
  return numbers;
}

/// What each client of a group takes: parameters, gradients and what the optimiser keeps of them, a strategy's
/// memories, the gradient or the update that the strategy looks at, and what is handed over when the turn ends.
double client_bytes(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  const double states = workshop.experiment.optimiser.kind == "sgd" ? 1 : 2;
  double numbers = double(layout.size(Owner::shared)) + sum_of(workshop.memories) +
                   sum_of(workshop.strategy.extras(layout)) +
                   double(workshop.row_length() + workshop.residuals_length());
  for (const Owner owner : owners) numbers += double(layout.size(owner)) + (1 + states) * double(layout.trained(owner));
  return sizeof(float) * numbers;
}

/// What a rank's host keeps, however many clients it trains: the server's parameters, their next step and its memories,
/// what it sends as written and as read, the same of what one client sends, the sum of what comes, and what that is
/// divided into; what was selected; what clients hold, where that is something else.
double server_bytes(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  const double shared = double(layout.size(Owner::shared)), extras = sum_of(workshop.strategy.extras(layout));
  const double sum = workshop.experiment.training.aggregation == "float32" ? 1 : 2;
  const double kept = workshop.experiment.evaluation.select == "none" ? 0 : shared;
  double held = 0;
  if (!workshop.download_codec.lossless()) {
    held = double(layout.weights(Owner::shared));
    for (const auto& [name, extra] : workshop.strategy.extras(layout))
      if (extra.length == layout.weights(Owner::shared)) held += double(extra.length);
  }
  const double numbers = kept + held + 2 * shared + sum_of(workshop.strategy.server_memories(layout)) + 4 * shared +
                         (1 + sum) * (shared + extras);
  return sizeof(float) * numbers;
}

/// Rows of the clients that have taken part by the end of the run, where ranks share them evenly.
double kept_bytes(const Workshop& workshop, int ranks) {
  const auto& training = workshop.experiment.training;
  const double clients = double(workshop.partition.clients()),
               turns =
                   double(training.rounds) * double(cohort_size(workshop.partition.clients(), training.participation));
  return sizeof(float) * double(workshop.row_length()) * std::ceil(std::min(clients, turns) / ranks);
}

std::string gibibytes(double bytes) { return text(std::ceil(bytes / (1 << 30) * 10) / 10, " GiB"); }

}  // namespace

void require_memory(const Workshop& workshop, const Communicator& communicator) {
  const auto& training = workshop.experiment.training;
  const at::Device device = workshop.batches.device();
  const std::optional<double> left = device.is_cuda() ? gpu_memory(device) : available_memory();
  if (!left) return;
  // A GPU's first ranks have one more where they do not share evenly.
  const int gpus = device.is_cuda() ? int(at::detail::getCUDAHooks().getNumGPUs()) : 1;
  const int ranks = (communicator.local_size() + gpus - 1) / gpus;
  // LibTorch keeps a GPU's memory in blocks, between which something stays free.
  const double available = *left / ranks * (device.is_cuda() ? 0.9 : 1);
  const double client =
      workshop.learner.step_bytes(std::min(workshop.width, training.at_once())) + client_bytes(workshop);
  const double group =
      double(std::min(training.group_size, cohort_size(workshop.partition.clients(), training.participation)));
  const std::int64_t images = std::max(std::int64_t(group) * workshop.width, labelled_at_once);
  const double host = workshop.batches.bytes(workshop.learner.needs(), images) + server_bytes(workshop) +
                      kept_bytes(workshop, communicator.size());
  // One context more is remembered between groups. What the host keeps is no matter of a GPU's.
  const double fixed = workshop.learner.step_bytes(0) + (device.is_cuda() ? 0 : host);
  const double step = group * client + fixed;
  require(step <= available, "training.group_size = ", training.group_size, ": a step of ", group,
          " clients takes about ", gibibytes(step), " on each of ", ranks, " ranks of this ",
          device.is_cuda() ? "GPU" : "node", ", which has ", gibibytes(*left), " left; at most ",
          std::max(0.0, std::floor((available - fixed) / client)), " clients fit.");
}

}  // namespace fedorbit
