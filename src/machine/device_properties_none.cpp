#include "machine/device_properties.hpp"

namespace fedorbit {

std::string device_name(c10::Device) { return processor_name(); }

std::optional<double> gpu_memory(c10::Device) { return std::nullopt; }

}  // namespace fedorbit
