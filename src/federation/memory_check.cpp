#include "federation/memory_check.hpp"

#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/available_memory.hpp"
#include "core/error.hpp"
#include "federation/cohort.hpp"
#include "machine/device_properties.hpp"

namespace fedorbit {
namespace {

/// Parameters, what they started from, their gradients twice, and Adam's two means.
double state_bytes(const Layout& layout) {
  double numbers = 0;
  for (const Owner owner : owners) numbers += double(layout.size(owner));
  return 6 * sizeof(float) * numbers;
}

std::string gibibytes(double bytes) { return text(std::ceil(bytes / (1 << 30) * 10) / 10, " GiB"); }

}  // namespace

void require_memory(const Workshop& workshop, const Communicator& communicator) {
  const auto& training = workshop.experiment.training;
  const at::Device device = workshop.samples.device();
  const std::optional<double> left = device.is_cuda() ? gpu_memory(device) : available_memory();
  if (!left) return;
  // A GPU's first ranks have one more where they do not share evenly.
  const int gpus = device.is_cuda() ? int(at::detail::getCUDAHooks().getNumGPUs()) : 1;
  const int ranks = (communicator.local_size() + gpus - 1) / gpus;
  // LibTorch keeps a GPU's memory in blocks, between which something stays free.
  const double available = *left / ranks * (device.is_cuda() ? 0.9 : 1);
  const double client = workshop.learner.step_bytes(training.batch_size) + state_bytes(workshop.learner.layout());
  const double group =
      double(std::min(training.group_size, cohort_size(workshop.partition.clients(), training.participation)));
  // One context more is remembered between groups.
  const double step = group * client + workshop.learner.step_bytes(0);
  require(step <= available, "training.group_size = ", training.group_size, ": a step of ", group,
          " clients takes about ", gibibytes(step), " on each of ", ranks, " ranks of this ",
          device.is_cuda() ? "GPU" : "node", ", which has ", gibibytes(*left), " left; at most ",
          std::max(0.0, std::floor((available - workshop.learner.step_bytes(0)) / client)), " clients fit.");
}

}  // namespace fedorbit
