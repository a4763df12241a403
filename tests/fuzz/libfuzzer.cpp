// A target under libFuzzer, which calls this with inputs that it makes; FEDORBIT_FUZZ_TARGET names the target.
#include <cstdint>

#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fedorbit::FuzzTarget& target = fedorbit::fuzz_target(FEDORBIT_FUZZ_TARGET);
  fedorbit::accepts(target, {reinterpret_cast<const std::byte*>(data), size});
  return 0;
}

/// The HDF5 library leaks some of what it has read of a file that it then refuses.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5\n"; }
