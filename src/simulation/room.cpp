#include "simulation/room.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Bytes that the kernel says could be had without swapping; 0 where it does not say.
double available_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string name, unit; file >> name;) {
    double kibibytes = 0;
    if (name == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
    std::getline(file, unit);
  }
  return 0;
}

/// Parameters, what they started from, their gradients twice, and Adam's two means.
double state_bytes(const Layout& layout) {
  double numbers = 0;
  for (const Kind kind : kinds) numbers += double(layout.size(kind));
  return 6 * sizeof(float) * numbers;
}

std::string gibibytes(double bytes) { return text(std::ceil(bytes / (1 << 30) * 10) / 10, " GiB"); }

}  // namespace

void require_room(const Workshop& workshop, const Communicator& communicator) {
  const auto& training = workshop.experiment.training;
  const double available = available_bytes() / communicator.local_size();
  if (workshop.samples.device().is_cuda() || available == 0) return;
  const double client = workshop.learner.step_bytes(training.batch_size) + state_bytes(workshop.learner.layout());
  const auto cohort =
      std::max<std::int64_t>(1, std::llround(training.participation * double(workshop.partition.clients())));
  const double group = double(std::min(training.group_size, cohort));
  require(group * client <= available, "training.group_size = ", training.group_size, ": a step of ", group,
          " clients takes about ", gibibytes(group * client), " on each of ", communicator.local_size(),
          " ranks of this node, which has ", gibibytes(available * communicator.local_size()), " left; at most ",
          std::floor(available / client), " clients fit.");
}

}  // namespace fedorbit
