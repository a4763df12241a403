#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include "core/error.hpp"
#include "machine/device_graph.hpp"

namespace fedorbit {
namespace {

using Pool = std::shared_ptr<const at::cuda::MempoolId_t>;

/// Graphs are replayed one after another and leave nothing in their own memory, so all that there are can use the same;
/// LibTorch ends a pool with the last of them.
Pool common_memory() {
  static std::weak_ptr<const at::cuda::MempoolId_t> known;
  Pool pool = known.lock();
  if (!pool) known = pool = std::make_shared<const at::cuda::MempoolId_t>(at::cuda::graph_pool_handle());
  return pool;
}

class CudaGraph final : public DeviceGraph {
 public:
  void record(const std::function<void()>& work) override {
    // What was launched operator by operator left blocks behind, which a recording could not have.
    c10::cuda::CUDACachingAllocator::emptyCache();
    graph_.capture_begin(*pool_);
    try {
      work();
    } catch (const std::exception& cause) {
      const std::string reason = cause.what();
      try {
        graph_.capture_end();  // the stream would refuse all that follows
      } catch (const std::exception&) {
      }
      fail("a step cannot be recorded on this GPU (", reason, "); pass machine.graph = false.");
    }
    graph_.capture_end();
  }
  void replay() override { graph_.replay(); }

 private:
  Pool pool_ = common_memory();
  at::cuda::CUDAGraph graph_;
};

}  // namespace

std::unique_ptr<DeviceGraph> make_device_graph() { return std::make_unique<CudaGraph>(); }

}  // namespace fedorbit
