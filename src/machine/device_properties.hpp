// What a device is and has left.
#pragma once
#include <c10/core/Device.h>

#include <optional>
#include <string>

namespace fedorbit {

/// The processor's or the GPU's name, as its maker has it.
std::string device_name(c10::Device device);

/// Bytes that a GPU has left, for all who use it; nothing for a CPU.
std::optional<double> gpu_memory(c10::Device device);

/// The first "model name" that Linux knows of its processors (/proc/cpuinfo), or "an unnamed processor".
std::string processor_name();

}  // namespace fedorbit
