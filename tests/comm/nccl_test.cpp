// The conformance suite over NCCL, for tensors on the GPU and for those in host memory that it hands to MPI, and over
// MPI for tensors on the GPU, staged in host memory and, where this MPI takes them, as they lie. It needs a GPU for
// each rank and skips where there are fewer.
#include "comm/nccl.hpp"

#include <cuda_runtime_api.h>
#include <gmock/gmock.h>

#include "comm/conformance.hpp"
#include "core/error.hpp"

extern "C" int MPIX_Query_cuda_support() __attribute__((weak));

namespace fedorbit {
namespace {

/// None where a rank would have to share a GPU.
std::vector<Backend> backends() {
  int gpus = 0, ranks = 1;
  cudaGetDeviceCount(&gpus);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (gpus < ranks) return {};
  const auto make = [] { return std::make_unique<NcclCommunicator>(); };
  const auto staged = [] { return std::make_unique<MpiCommunicator>(); };
  std::vector<Backend> all{{"nccl", make, c10::DeviceType::CUDA},
                           {"nccl_host_tensors", make},
                           {"mpi_staged", staged, c10::DeviceType::CUDA}};
  const auto handed = [] {
    auto mpi = std::make_unique<MpiCommunicator>();
    mpi->hand_over(at::Device(at::kCUDA, at::DeviceIndex(mpi->local_rank())));
    return mpi;
  };
  if (MPIX_Query_cuda_support != nullptr && MPIX_Query_cuda_support() != 0)
    all.push_back({"mpi_handed_over", handed, c10::DeviceType::CUDA});
  return all;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Nccl, CommunicatorConformance, testing::ValuesIn(backends()), label);

TEST(Nccl, Ranks_without_a_gpu_of_their_own_are_named_by_the_same_sentence_everywhere) {
  int gpus = 0, ranks = 1;
  cudaGetDeviceCount(&gpus);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (gpus >= ranks) GTEST_SKIP() << "every rank has a GPU of its own";
  try {
    NcclCommunicator comm;
    ADD_FAILURE() << "NCCL was started with fewer GPUs than ranks";
  } catch (const SharedError& error) {
    EXPECT_THAT(error.what(), testing::AnyOf(testing::HasSubstr("sees no GPU"), testing::HasSubstr("share the GPU")));
  }
}

}  // namespace fedorbit
