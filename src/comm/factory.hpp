// The one place that chooses how ranks talk to each other.
#pragma once
#include <memory>
#include <string>

#include "comm/communicator.hpp"

namespace fedorbit {

/// `backend` is "auto" (one process without MPI, or where a launcher started more than one rank MPI; of ranks that
/// train on GPUs NCCL, where each has one of its own), "single", "mpi" (which ranks that train on GPUs try to hand
/// their memory) or "nccl". Throws an Error that names what there is where `backend` is unknown or not in this build.
/// Starts MPI where needed. Its ranks watch each other (Lifeline).
std::unique_ptr<Communicator> make_communicator(const std::string& backend, bool on_gpus = false);

/// What the MPI library says of itself, on one line.
std::string mpi_library_version();

}  // namespace fedorbit
