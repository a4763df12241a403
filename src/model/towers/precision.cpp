#include "model/towers/precision.hpp"

#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "model/checkpoints/clip_tensors.hpp"

namespace fedorbit {

bool knows_bfloat16(std::istream& processors) {
  for (std::string line; std::getline(processors, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word == "avx512_bf16" || word == "amx_bf16" || word == "bf16") return true;
    return false;
  }
  return false;
}

void require_bfloat16(const std::string& option, bool on_cpu) {
  std::ifstream processors("/proc/cpuinfo");
  require(!on_cpu || knows_bfloat16(processors), option,
          " = \"bfloat16\": this processor has no instructions for it (avx512_bf16, amx_bf16 or Arm's bf16); use "
          "float32.");
}

Clip in_precision(const Clip& clip, const std::string& precision, const std::string& option, std::string_view tower) {
  if (precision == "float32") return clip;
  const bool on_cpu = clip.tensors.empty() || clip.tensors.begin()->second.is_cpu();
  require_bfloat16(option, on_cpu);
  Clip out = clip;
  for (auto& [name, tensor] : out.tensors)
    if (name.starts_with(tower) && !keeps_float32(name)) tensor = tensor.to(at::kBFloat16);
  return out;
}

}  // namespace fedorbit
