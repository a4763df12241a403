#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "comm/device_buffers.hpp"
#include "comm/trial.hpp"
#include "core/error.hpp"

/// Of Open MPI and MPICH, to be asked when MPI runs; null where a library has none.
extern "C" int MPIX_Query_cuda_support() __attribute__((weak));

namespace fedorbit {
namespace {

bool takes_gpu_memory() { return MPIX_Query_cuda_support != nullptr && MPIX_Query_cuda_support() != 0; }

/// What a launcher told this process of its place: without it MPI starts as one process alone.
void forget_launcher() {
  std::vector<std::string> told;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view name(*variable, std::string_view(*variable).find('='));
    for (const char* of_launcher :
         {"OMPI_COMM_", "OMPI_MCA_ess", "OMPI_MCA_orte", "OMPI_MCA_pmix", "PMI", "PRTE_", "SLURM_"})
      if (name.starts_with(of_launcher)) told.emplace_back(name);
  }
  for (const std::string& name : told) ::unsetenv(name.c_str());
}

/// Sends eight numbers to itself and sums them, from GPU memory to GPU memory. A library that takes them for host
/// memory crashes.
bool moves_small_message() {
  forget_launcher();
  int provided = 0;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS || !takes_gpu_memory())
    return false;
  const std::array<std::int64_t, 8> sent{1, 2, 3, 4, 5, 6, 7, 8};
  std::array<std::int64_t, 8> back{};
  constexpr int count = int(sent.size()), tag = 1;
  std::array<void*, 3> on_gpu{};
  for (void*& place : on_gpu)
    if (cudaMalloc(&place, sizeof sent) != cudaSuccess) return false;
  const auto& [first, second, third] = on_gpu;
  const bool moved = cudaMemcpy(first, sent.data(), sizeof sent, cudaMemcpyHostToDevice) == cudaSuccess &&
                     MPI_Sendrecv(first, count, MPI_INT64_T, 0, tag, second, count, MPI_INT64_T, 0, tag, MPI_COMM_WORLD,
                                  MPI_STATUS_IGNORE) == MPI_SUCCESS &&
                     MPI_Allreduce(second, third, count, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD) == MPI_SUCCESS &&
                     cudaMemcpy(back.data(), third, sizeof back, cudaMemcpyDeviceToHost) == cudaSuccess;
  MPI_Finalize();
  return moved && back == sent;
}

}  // namespace

std::unique_ptr<MpiCommunicator> make_mpi_for_gpus() {
  constexpr unsigned seconds = 30;
  int started = 0;
  MPI_Initialized(&started);
  const bool arrived = !started && goes_well(moves_small_message, seconds);
  auto mpi = std::make_unique<MpiCommunicator>();
  const std::string mine = !takes_gpu_memory() ? "this MPI library does not take it, or cannot be asked"
                           : started           ? "MPI had started before it could be tried"
                           : !arrived          ? "a small message that was tried did not arrive"
                                               : "";
  const std::vector<std::string> objections = mpi->all_gather_text(mine);
  for (std::size_t rank = 0; rank < objections.size(); ++rank)
    if (!objections[rank].empty()) {
      mpi->stage_on_host(text(objections[rank], " (rank ", rank, ")"));
      return mpi;
    }
  const int gpus = c10::cuda::device_count();
  require(gpus > 0, "rank ", mpi->rank(), " sees no GPU.");
  mpi->hand_over(at::Device(at::kCUDA, at::DeviceIndex(mpi->local_rank() % gpus)));
  return mpi;
}

}  // namespace fedorbit
