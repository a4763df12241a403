#include <fstream>

#include "machine/device_properties.hpp"

namespace fedorbit {

std::string processor_name() {
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "an unnamed processor";
}

}  // namespace fedorbit
