#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <mpi.h>

#include "comm/device_buffers.hpp"
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "comm/trial.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

#ifdef MPIX_CUDA_AWARE_SUPPORT  // Open MPI's
constexpr bool built_for_gpus = MPIX_CUDA_AWARE_SUPPORT != 0;
bool takes_gpu_memory() { return MPIX_Query_cuda_support() != 0; }
#else  // a library that cannot be asked
constexpr bool built_for_gpus = false;
bool takes_gpu_memory() { return false; }
#endif

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

/// Before MPI starts: why this rank's MPI is not to be handed GPU memory; empty where it may be.
std::string objection() {
  constexpr unsigned seconds = 30;
  if (!built_for_gpus) return "this MPI library was built without CUDA, or cannot be asked";
  int started = 0;
  MPI_Initialized(&started);
  if (started) return "MPI had started before it could be tried";
  if (!goes_well(moves_small_message, seconds)) return "a small message that was tried did not arrive";
  return "";
}

}  // namespace

std::unique_ptr<MpiCommunicator> make_mpi_for_gpus() {
  const std::string mine = objection();
  auto mpi = std::make_unique<MpiCommunicator>();
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
