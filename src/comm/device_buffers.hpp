// MPI between ranks that train on GPUs: whether it may be handed their memory as it lies there.
#pragma once
#include <memory>

#include "comm/mpi.hpp"

namespace fedorbit {

/// Starts MPI, if nobody has. It is handed GPU memory where the library says that it takes it and, in a child of every
/// rank, has moved a small message from there and back; on all ranks or on none. The others' tensors go through pinned
/// host memory: see remark().
std::unique_ptr<MpiCommunicator> make_mpi_for_gpus();

}  // namespace fedorbit
