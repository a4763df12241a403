#include "federation/memory_check.hpp"

#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/available_memory.hpp"
#include "core/error.hpp"
#include "core/words.hpp"
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

/// Parameters, gradients, what the optimiser keeps of them and a strategy's memories, of each client of a group.
double group_numbers(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  const double states = workshop.experiment.optimiser.kind == "sgd" ? 1 : 2;
  double numbers = sum_of(workshop.memories);
  for (const Owner owner : owners) numbers += double(layout.size(owner)) + (1 + states) * double(layout.trained(owner));
  return numbers;
}

/// What a client sends besides its update, which takes the gradient's place: it is computed and then copied. And what
/// it keeps.
double turn_numbers(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  return 2 * sum_of(workshop.strategy.extras(layout)) + double(workshop.row_length() + workshop.residuals_length());
}

/// What a rank's host keeps of the federation: the server's parameters and its memories, what was selected, what
/// clients hold where that is something else.
double server_numbers(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  const double shared = double(layout.size(Owner::shared));
  const double selected = workshop.experiment.evaluation.select == "none" ? 0 : shared;
  double held = 0;
  if (!workshop.download_codec.lossless()) {
    held = double(layout.weights(Owner::shared));
    for (const auto& [name, extra] : workshop.strategy.extras(layout))
      if (extra.sent && extra.length == layout.weights(Owner::shared)) held += double(extra.length);
  }
  return shared + selected + held + sum_of(workshop.strategy.server_memories(layout));
}

/// The sum of what comes, while clients train.
double sum_numbers(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  const double numbers = double(layout.size(Owner::shared)) + sum_of(workshop.strategy.extras(layout));
  return (workshop.experiment.training.aggregation == "float32" ? 1 : 2) * numbers;
}

/// What came of all, of which the server makes its next parameters and memories.
double server_step_numbers(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  return 2 * double(layout.size(Owner::shared)) + sum_of(workshop.strategy.extras(layout)) +
         sum_of(workshop.strategy.server_memories(layout));
}

/// What the server trains on public images, if it does: a model, its gradient and what the optimiser keeps of it. To
/// look at a client's model takes less.
double server_training_bytes(const Workshop& workshop) {
  const auto [count, size] = workshop.strategy.public_batches();
  if (count == 0) return 0;
  const Layout& layout = workshop.learner.layout();
  double numbers = 3 * double(layout.trained(Owner::shared));
  for (const Owner owner : owners) numbers += double(layout.size(owner));
  return sizeof(float) * numbers + workshop.learner.step_bytes(size);
}

double public_image_bytes(const Workshop& workshop) {
  double bytes = 0;
  for (const Batch& batch : workshop.public_images)
    if (batch.images.defined()) bytes += double(batch.images.nbytes());
  return bytes;
}

/// Rows in memory of the clients that have taken part by the end of the run, and of those that a round stages, where
/// ranks share them evenly.
double row_bytes(const Workshop& workshop, int ranks) {
  const auto& training = workshop.experiment.training;
  const double clients = double(workshop.partition.clients()),
               cohort = double(cohort_size(workshop.partition.clients(), training.participation)),
               taken_part = std::min(clients, double(training.rounds) * cohort);
  const double rows = std::ceil(taken_part / ranks) + std::ceil(cohort / ranks);
  return std::min(double(workshop.experiment.machine.client_bytes()),
                  sizeof(float) * double(workshop.row_length()) * rows);
}

std::string gibibytes(double bytes) { return text(std::ceil(bytes / (1 << 30) * 10) / 10, " GiB"); }

}  // namespace

std::vector<MemoryUse> memory_uses(const Workshop& workshop, int ranks) {
  const auto& options = workshop.experiment.training;
  const Layout& layout = workshop.learner.layout();
  const double shared = double(layout.size(Owner::shared)), group = group_numbers(workshop),
               turn = turn_numbers(workshop);
  const double step = workshop.learner.step_bytes(std::min(workshop.width, options.at_once()));
  // One context more is remembered between groups.
  const double context = workshop.learner.step_bytes(0);
  // What the host keeps is no matter of a GPU's, which has what is received and the update besides, and keeps its
  // blocks.
  const double server = server_training_bytes(workshop), images_of_server = public_image_bytes(workshop);
  if (workshop.batches.device().is_cuda())
    return {{context + images_of_server + server, step + sizeof(float) * (2 * shared + group + turn)}};
  const std::int64_t clients =
      std::min(options.group_size, cohort_size(workshop.partition.clients(), options.participation));
  const std::int64_t images = std::max(clients * workshop.width, labelled_at_once);
  const double kept = context + images_of_server + workshop.batches.bytes(workshop.learner.needs(), images) +
                      sizeof(float) * server_numbers(workshop) + row_bytes(workshop, ranks);
  const double direction = double(layout.weights(Owner::shared));  // that a strategy makes of the gradient
  const double training = kept + sizeof(float) * sum_numbers(workshop);
  return {{training, step + sizeof(float) * (group + direction)},
          // The turn's end, a message written, or what the server makes of it.
          {training + std::max(server, sizeof(float) * shared), sizeof(float) * (group + turn)},
          {kept + server + sizeof(float) * server_step_numbers(workshop), sizeof(float) * group}};
}

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
  const std::int64_t group =
      std::min(training.group_size, cohort_size(workshop.partition.clients(), training.participation));
  double step = 0, most = std::numeric_limits<double>::infinity();
  for (const auto& [fixed, client] : memory_uses(workshop, communicator.size())) {
    step = std::max(step, fixed + double(group) * client);
    most = std::min(most, std::max(0.0, std::floor((available - fixed) / client)));
  }
  require(step <= available, "training.group_size = ", training.group_size, ": a step of ", counted(group, "client"),
          " takes about ", gibibytes(step), " on each of ", ranks, " ranks of this ", device.is_cuda() ? "GPU" : "node",
          ", which has ", gibibytes(*left), " left; at most ", most, most == 1 ? " client fits." : " clients fit.");
}

}  // namespace fedorbit
