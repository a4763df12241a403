// In which type a tower computes.
#pragma once
#include <istream>
#include <string>
#include <string_view>

#include "model/clip.hpp"

namespace fedorbit {

/// `clip` in "float32" or "bfloat16", as `option` asks: the tensors whose names begin with `tower`, all others stay as
/// they are. Throws on a CPU without instructions for bfloat16, on which it would be slower than float32 and no better.
Clip in_precision(const Clip& clip, const std::string& precision, const std::string& option,
                  std::string_view tower = "");

/// Throws where arithmetic on a CPU is to be in bfloat16 and this one has no instructions for it; `option` asks for it.
void require_bfloat16(const std::string& option, bool on_cpu);

/// Whether a processor that Linux describes so (/proc/cpuinfo, on x86 or Arm) has instructions for bfloat16.
bool knows_bfloat16(std::istream& processors);

}  // namespace fedorbit
