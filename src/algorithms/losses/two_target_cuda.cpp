#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "algorithms/losses/transport.hpp"
#include "algorithms/losses/two_target_kernel.hpp"

namespace fedorbit {

TransportPlan two_target_transport(const Tensor& cost, const TransportSettings& settings) {
  const std::int64_t sources = cost.size(-2);
  if (!cost.is_cuda() || cost.scalar_type() != at::kFloat || sources > two_target::most_sources)
    return two_target_transport_in_operators(cost, settings);
  const Tensor given = cost.detach().contiguous();
  const auto problems = given.sizes().slice(0, std::size_t(given.dim() - 2));
  const TransportPlan plan{at::empty(given.sizes(), given.options()), at::empty(problems, given.options()),
                           at::empty(problems, given.options())};
  two_target::solve(plan.iterations.numel(), int(sources), given.const_data_ptr<float>(), float(settings.lambda),
                    int(settings.max_iterations), float(settings.tolerance), plan.plan.mutable_data_ptr<float>(),
                    plan.iterations.mutable_data_ptr<float>(), plan.residual.mutable_data_ptr<float>(),
                    c10::cuda::getCurrentCUDAStream().stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return plan;
}

}  // namespace fedorbit
