#include <nvtx3/nvToolsExt.h>

#include "machine/range.hpp"

namespace fedorbit {

Range::Range(const char* name) { nvtxRangePushA(name); }
Range::~Range() { nvtxRangePop(); }

}  // namespace fedorbit
