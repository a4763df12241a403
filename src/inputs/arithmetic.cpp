#include "inputs/arithmetic.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <set>

#include "core/error.hpp"
#include "core/version.hpp"
#include "machine/device_properties.hpp"
#include "model/towers/product.hpp"

namespace fedorbit {

std::string arithmetic(at::Device device, Communicator& communicator) {
  const std::string own = text(
      device_name(device), device.is_cuda() ? "" : text(" (", at::get_cpu_capability(), ") with ", product_library()),
      ", ", at::get_num_threads(), " threads, LibTorch ", TORCH_VERSION, ", FedOrbit ", version);
  const auto all = communicator.all_gather_text(own);
  std::string joined;
  for (const std::string& kind : std::set<std::string>(all.begin(), all.end()))
    joined += (joined.empty() ? "" : " and ") + kind;
  return joined;
}

}  // namespace fedorbit
