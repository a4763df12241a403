#include "model/engine.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// By the names that Linux gives to what a processor can do, on x86 and Arm.
bool has_bfloat16() {
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word == "avx512_bf16" || word == "amx_bf16" || word == "bf16") return true;
    return false;
  }
  return false;
}

}  // namespace

Clip in_precision(const Clip& clip, const EngineOptions& engine) {
  if (engine.precision == "float32") return clip;
  const bool on_cpu = clip.tensors.empty() || clip.tensors.begin()->second.is_cpu();
  require(!on_cpu || has_bfloat16(),
          "engine.precision = \"bfloat16\": this processor has no instructions for it (avx512_bf16, amx_bf16 or Arm's "
          "bf16); use float32.");
  return clip.to(at::kBFloat16);
}

}  // namespace fedorbit
