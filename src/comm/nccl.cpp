#include "comm/nccl.hpp"

#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <array>
#include <cstring>
#include <exception>
#include <source_location>

#include "core/error.hpp"

namespace fedorbit {
namespace {

void check_nccl(ncclResult_t code, std::source_location where = std::source_location::current()) {
  require(code == ncclSuccess, "NCCL failed in ", where.function_name(), " (line ", where.line(),
          "): ", ncclGetErrorString(code), " (", ncclGetLastError(nullptr), ").");
}

void check_cuda(cudaError_t code, std::source_location where = std::source_location::current()) {
  require(code == cudaSuccess, "CUDA failed in ", where.function_name(), " (line ", where.line(),
          "): ", cudaGetErrorString(code), ".");
}

/// The bus address of visible GPU `local_rank` modulo their number, which becomes the current one; empty without GPUs.
std::string take_gpu(int local_rank) {
  int gpus = 0;
  if (cudaGetDeviceCount(&gpus) != cudaSuccess || gpus == 0) return "";
  const int gpu = local_rank % gpus;
  check_cuda(cudaSetDevice(gpu));
  std::array<char, 32> address{};
  check_cuda(cudaDeviceGetPCIBusId(address.data(), address.size(), gpu));
  return address.data();
}

/// NCCL cannot serve two ranks on one GPU; it would hang or fail without saying so.
void require_own_gpus(const std::vector<std::string>& hosts, const std::vector<std::string>& gpus) {
  for (std::size_t rank = 0; rank < gpus.size(); ++rank) {
    if (gpus[rank].empty())
      throw SharedError(text("rank ", rank, " on ", hosts[rank],
                             " sees no GPU, but the backend \"nccl\" needs one for "
                             "each rank; use the backend \"mpi\" there."));
    for (std::size_t earlier = 0; earlier < rank; ++earlier)
      if (hosts[earlier] == hosts[rank] && gpus[earlier] == gpus[rank])
        throw SharedError(text("ranks ", earlier, " and ", rank, " share the GPU ", gpus[rank], " of ", hosts[rank],
                               ", but NCCL takes one rank on each GPU; start fewer ranks on a node or use the backend "
                               "\"mpi\"."));
  }
}

ncclDataType_t nccl_type(const Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return ncclFloat32;
    case at::kDouble:
      return ncclFloat64;
    case at::kLong:
      return ncclInt64;
    default:
      fail("NCCL was asked to reduce ", c10::toString(tensor.scalar_type()), " values.");
  }
}

/// LibTorch's stream: NCCL's work comes after the arithmetic that made the tensors.
cudaStream_t stream() { return c10::cuda::getCurrentCUDAStream().stream(); }

}  // namespace

NcclCommunicator::NcclCommunicator() : exceptions_(std::uncaught_exceptions()) {
  const std::string gpu = take_gpu(local_rank());
  require_own_gpus(host_names(), all_gather_text(gpu));
  gpu_ = at::Device(at::kCUDA, c10::cuda::current_device());
  move_from(gpu_);
  ncclUniqueId id{};
  if (root()) check_nccl(ncclGetUniqueId(&id));
  Tensor bytes = at::empty({std::int64_t(sizeof id)}, at::kByte);
  std::memcpy(bytes.mutable_data_ptr(), &id, sizeof id);
  broadcast(bytes);
  std::memcpy(&id, bytes.const_data_ptr(), sizeof id);
  check_nccl(ncclCommInitRank(&handle_, size(), id, rank()));
}

NcclCommunicator::~NcclCommunicator() {
  if (std::uncaught_exceptions() <= exceptions_) ncclCommDestroy(handle_);
}

void NcclCommunicator::move_broadcast(Tensor& tensor) {
  if (tensor.is_cpu()) return MpiCommunicator::move_broadcast(tensor);
  check_nccl(ncclBroadcast(tensor.const_data_ptr(), tensor.mutable_data_ptr(), tensor.nbytes(), ncclUint8, 0, handle_,
                           stream()));
}

void NcclCommunicator::move_all_reduce(Tensor& tensor, Reduce reduce) {
  if (tensor.is_cpu()) return MpiCommunicator::move_all_reduce(tensor, reduce);
  check_nccl(ncclAllReduce(tensor.const_data_ptr(), tensor.mutable_data_ptr(), std::size_t(tensor.numel()),
                           nccl_type(tensor), reduce == Reduce::sum ? ncclSum : ncclMax, handle_, stream()));
}

void NcclCommunicator::move_all_gather(const Tensor& row, Tensor& rows) {
  if (row.is_cpu()) return MpiCommunicator::move_all_gather(row, rows);
  check_nccl(ncclAllGather(row.const_data_ptr(), rows.mutable_data_ptr(), row.nbytes(), ncclUint8, handle_, stream()));
}

void NcclCommunicator::move_messages(const std::vector<Tensor>& to, std::vector<Tensor>& from) {
  if (to[rank()].is_cpu()) return MpiCommunicator::move_messages(to, from);
  check_nccl(ncclGroupStart());
  for (int other = 0; other < size(); ++other) {
    if (other == rank()) continue;
    if (to[other].numel() > 0)
      check_nccl(ncclSend(to[other].const_data_ptr(), to[other].nbytes(), ncclUint8, other, handle_, stream()));
    if (from[other].numel() > 0)
      check_nccl(ncclRecv(from[other].mutable_data_ptr(), from[other].nbytes(), ncclUint8, other, handle_, stream()));
  }
  check_nccl(ncclGroupEnd());
}

}  // namespace fedorbit
