// By what a run's numbers are computed: all that their bits may depend on besides options and inputs.
#pragma once
#include <string>

#include "comm/communicator.hpp"

namespace fedorbit {

/// Device, instructions, library, threads and versions of all ranks: one where they are alike, all kinds in order where
/// they are not. Every rank calls.
std::string arithmetic(at::Device device, Communicator& communicator);

}  // namespace fedorbit
