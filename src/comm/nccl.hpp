// The communicator over NCCL: device tensors go from GPU to GPU; what lies in host memory (signatures, lengths, small
// messages) goes over the MPI communicator that it also is, and that brought the ranks together.
#pragma once
#include <nccl.h>

#include "comm/mpi.hpp"

namespace fedorbit {

class NcclCommunicator final : public MpiCommunicator {
 public:
  /// Takes the visible GPU whose number is the rank's among its node's and makes it the current one. Throws the same
  /// SharedError on every rank if a rank sees no GPU or two ranks would share one.
  NcclCommunicator();
  ~NcclCommunicator() override;
  std::string name() const override { return "nccl"; }
  std::vector<at::Device> devices() const override { return {at::kCPU, gpu_}; }

 private:
  void move_broadcast(Tensor&) override;
  void move_all_reduce(Tensor&, Reduce) override;
  void move_all_gather(const Tensor& row, Tensor& rows) override;
  void move_messages(const std::vector<Tensor>& to, std::vector<Tensor>& from) override;

  ncclComm_t handle_ = nullptr;
  at::Device gpu_ = at::kCPU;
  int exceptions_;
};

}  // namespace fedorbit
