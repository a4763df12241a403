#include "comm/factory.hpp"

#include <array>
#include <cstdlib>

#include "comm/mpi.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"

#ifdef FEDORBIT_CUDA
#include "comm/device_buffers.hpp"
#include "comm/nccl.hpp"
#endif

namespace fedorbit {
namespace {

// Where launchers leave how many processes they have started: Slurm, Open MPI, and all that speak PMI (MPICH, Intel).
constexpr std::array sizes{"SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};

/// Whether a launcher may have started more than this process. PMIx alone does not tell how many.
bool launched_with_others() {
  bool told = false;
  for (const char* name : sizes)
    if (const char* started = std::getenv(name)) {
      if (std::atoi(started) > 1) return true;
      told = true;
    }
  return !told && std::getenv("PMIX_RANK") != nullptr;
}

std::unique_ptr<MpiCommunicator> start_mpi(bool hands_over) {
#ifdef FEDORBIT_CUDA
  if (hands_over) return make_mpi_for_gpus();
#endif
  return std::make_unique<MpiCommunicator>();
}

/// A launcher that MPI does not know starts as many programs of one rank as it was asked for ranks. `hands_over`:
/// whether MPI is to be handed GPU memory, where it takes that.
std::unique_ptr<MpiCommunicator> make_mpi(bool hands_over = false) {
  auto mpi = start_mpi(hands_over);
  for (const char* name : sizes)
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

/// NCCL where every rank has a GPU of its own, else MPI.
std::unique_ptr<Communicator> make_for_gpus(std::unique_ptr<MpiCommunicator> mpi) {
#ifdef FEDORBIT_CUDA
  try {
    return make_nccl();
  } catch (const SharedError&) {  // every rank's: they share GPUs, or lack them
  }
#endif
  return mpi;
}

/// What starts alone needs no MPI, whose start wants a writable TMPDIR, free sockets and many open files.
std::unique_ptr<Communicator> make_what_fits(bool on_gpus) {
  if (launched_with_others())
    if (auto mpi = make_mpi(); mpi->size() > 1) {
      if (on_gpus) return make_for_gpus(std::move(mpi));
      return mpi;
    }
  return std::make_unique<SingleCommunicator>();
}

std::unique_ptr<Communicator> make_named(const std::string& backend, bool on_gpus) {
  if (backend == "single") return std::make_unique<SingleCommunicator>();
  if (backend == "mpi") return make_mpi(on_gpus);
  if (backend == "nccl") return make_nccl();
  require(backend == "auto", "the backend \"", backend,
          "\" is unknown; there are \"auto\", \"single\", \"mpi\" and "
          "\"nccl\".");
  return make_what_fits(on_gpus);
}

}  // namespace

std::unique_ptr<Communicator> make_communicator(const std::string& backend, bool on_gpus) {
  auto communicator = make_named(backend, on_gpus);
  communicator->watch_ranks();
  return communicator;
}

}  // namespace fedorbit
