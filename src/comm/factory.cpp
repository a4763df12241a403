#include "comm/factory.hpp"

#include "comm/mpi.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"

#ifdef FEDORBIT_CUDA
#include "comm/nccl.hpp"
#endif

namespace fedorbit {
namespace {

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
  if (backend == "mpi") return std::make_unique<MpiCommunicator>();
  if (backend == "nccl") return make_nccl();
  require(backend == "auto", "the backend \"", backend,
          "\" is unknown; there are \"auto\", \"single\", \"mpi\" and "
          "\"nccl\".");
  auto mpi = std::make_unique<MpiCommunicator>();
  if (mpi->size() > 1) return mpi;
  return std::make_unique<SingleCommunicator>();
}

}  // namespace fedorbit
