#include "comm/way.hpp"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/words.hpp"

namespace fedorbit {
namespace {

/// The median over calls of what the slowest rank took: the same on every rank.
double seconds_by_way(std::int64_t numbers, Communicator& communicator) {
  constexpr int warm_ups = 2, calls = 5;
  Tensor sum = at::zeros({numbers}, at::kLong);
  std::vector<double> seconds;
  for (int call = -warm_ups; call < calls; ++call) {
    communicator.barrier();
    const Stopwatch watch;
    sum_by_way(sum, communicator);
    if (call >= 0) seconds.push_back(watch.seconds());
  }
  Tensor slowest = at::tensor(seconds, at::kDouble);
  communicator.all_reduce(slowest, Reduce::max);
  return slowest.median().item<double>();
}

}  // namespace

void sum_by_way(Tensor& numbers, Communicator& communicator) {
  Tensor moved = numbers.to(communicator.device());
  communicator.all_reduce(moved);
  if (!moved.is_same(numbers)) numbers.copy_(moved);
}

std::string choose_way(std::int64_t numbers, Communicator& communicator) {
  const std::vector<at::Device> devices = communicator.devices();
  const std::string remark = text(communicator.remark().empty() ? "" : " ", communicator.remark());
  if (devices.size() == 1)
    return text("the backend is ", communicator.name(), ", the only one here: nothing was measured.", remark);
  double least = 0;
  std::string measured;
  at::Device chosen = devices.front();
  for (const at::Device device : devices) {
    communicator.move_from(device);
    const double seconds = seconds_by_way(numbers, communicator);
    if (measured.empty() || seconds < least) least = seconds, chosen = device;
    measured += text(measured.empty() ? "" : ", ", "from ", device.str(), " in ", fixed(1e3 * seconds, 3), " ms");
  }
  communicator.move_from(chosen);
  return text("sums of ", human_bytes(numbers * std::int64_t(sizeof(std::int64_t))), " go from ", chosen.str(),
              " over the backend ", communicator.name(), ": they went ", measured, ".", remark);
}

}  // namespace fedorbit
