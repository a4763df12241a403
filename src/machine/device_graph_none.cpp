#include "core/error.hpp"
#include "machine/device_graph.hpp"

namespace fedorbit {

std::unique_ptr<DeviceGraph> make_device_graph() { fail("a build without CUDA cannot record a GPU's work."); }

}  // namespace fedorbit
