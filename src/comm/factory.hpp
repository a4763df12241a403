// The one place that chooses how ranks talk to each other.
#pragma once
#include <memory>
#include <string>

#include "comm/communicator.hpp"

namespace fedorbit {

/// `backend` is "auto" (MPI where more than one rank was started, else one process), "single", "mpi" or "nccl".
/// Throws an Error that names what there is where `backend` is unknown or not in this build. Starts MPI where needed.
std::unique_ptr<Communicator> make_communicator(const std::string& backend);

}  // namespace fedorbit
