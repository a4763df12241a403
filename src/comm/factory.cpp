#include "comm/factory.hpp"

#include <cstdlib>

#include "comm/mpi.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"

#ifdef FEDORBIT_CUDA
#include "comm/nccl.hpp"
#endif

namespace fedorbit {
namespace {

/// A launcher that MPI does not know starts as many programs of one rank as it was asked for ranks.
std::unique_ptr<MpiCommunicator> make_mpi() {
  auto mpi = std::make_unique<MpiCommunicator>();
  for (const char* name : {"SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* started = std::getenv(name); started != nullptr && mpi->size() == 1)
      require(
          std::atoi(started) <= 1, "this process was started as one of ", started, " (", name,
          "), but MPI knows of one alone; start it with the launcher of the MPI it was built with, under Slurm with "
          "srun --mpi=pmix.");
  return mpi;
}

std::unique_ptr<Communicator> make_nccl() {
#ifdef FEDORBIT_CUDA
  return std::make_unique<NcclCommunicator>();
#else
  fail("the backend \"nccl\" is not part of this build; configure with -DFEDORBIT_CUDA=ON, or use \"mpi\".");
#endif
}

}  // namespace

std::unique_ptr<Communicator> make_communicator(const std::string& backend) {
  if (backend == "single") return std::make_unique<SingleCommunicator>();
  if (backend == "mpi") return make_mpi();
  if (backend == "nccl") return make_nccl();
  require(backend == "auto", "the backend \"", backend,
          "\" is unknown; there are \"auto\", \"single\", \"mpi\" and "
          "\"nccl\".");
  auto mpi = make_mpi();
  if (mpi->size() > 1) return mpi;
  return std::make_unique<SingleCommunicator>();
}

}  // namespace fedorbit
