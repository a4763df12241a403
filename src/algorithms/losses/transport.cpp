#include "algorithms/losses/transport.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace fedorbit {
namespace {

/// Whether any problem is still going. A GPU is not asked, for its answer would have to be waited for: there, what has
/// converged stands still until the last iteration.
bool unfinished(const Tensor& going) { return !going.is_cpu() || going.any().item<bool>(); }

/// Newton's method within a bracket needs a handful; what it leaves is in the residual, as ever.
constexpr std::int64_t newton_iterations_on_gpu = 20;

}  // namespace

TransportPlan sinkhorn(const Tensor& cost, const Tensor& rows, const Tensor& columns,
                       const TransportSettings& settings) {
  const at::NoGradGuard no_gradient;
  const Tensor kernel = cost.detach() / -settings.lambda;  // (..., M, N)
  const Tensor log_rows = rows.log(), log_columns = columns.log();
  Tensor u = log_rows, v = log_columns;  // scaled potentials
  Tensor iterations = at::zeros_like(kernel.select(-1, 0).select(-1, 0)), residual;
  for (std::int64_t i = 0;; ++i) {
    const Tensor row_sums = at::logsumexp(kernel + v.unsqueeze(-2), at::IntArrayRef{-1});  // (..., M)
    residual = ((u + row_sums).exp() - rows).abs().sum(-1);
    // The first potentials are arbitrary: one full step is always taken.
    const Tensor going = i == 0 ? at::full_like(residual, 1) > 0 : residual > settings.tolerance;
    if (i == settings.max_iterations || !unfinished(going)) break;
    const Tensor next_u = log_rows - row_sums;
    const Tensor next_v = log_columns - at::logsumexp(kernel + next_u.unsqueeze(-1), at::IntArrayRef{-2});
    u = at::where(going.unsqueeze(-1), next_u, u);
    v = at::where(going.unsqueeze(-1), next_v, v);
    iterations += going.to(iterations.scalar_type());
  }
  return {(kernel + u.unsqueeze(-1) + v.unsqueeze(-2)).exp(), iterations, residual};
}

TransportPlan two_target_transport_in_operators(const Tensor& cost, const TransportSettings& settings) {
  const at::NoGradGuard no_gradient;
  const Tensor difference = (cost.detach().select(-1, 1) - cost.detach().select(-1, 0)) / settings.lambda;  // (..., M)
  Tensor low = -difference.amax(-1), high = -difference.amin(-1), x = -difference.mean(-1);
  Tensor iterations = at::zeros_like(x), residual, share;
  const std::int64_t most =
      cost.is_cpu() ? settings.max_iterations : std::min(settings.max_iterations, newton_iterations_on_gpu);
  for (std::int64_t i = 0;; ++i) {
    // What each source sends to the first target: a sigmoid, written out because LibTorch's has other bits in the last
    // numbers of a tensor than in the others.
    share = 1 / (1 + at::exp(-(x.unsqueeze(-1) + difference)));
    const Tensor excess = share.mean(-1) - 0.5;
    residual = 2 * excess.abs();
    const Tensor going = residual > settings.tolerance;
    if (i == most || !unfinished(going)) break;
    low = at::where(excess < 0, x, low);
    high = at::where(excess > 0, x, high);
    const Tensor newton = x - excess / (share * (1 - share)).mean(-1).clamp_min(1e-12);
    const Tensor inside = (newton > low).logical_and(newton < high);
    x = at::where(going, at::where(inside, newton, (low + high) / 2), x);
    iterations += going.to(iterations.scalar_type());
  }
  const double mass = 1.0 / double(difference.size(-1));
  return {at::stack({share * mass, (1 - share) * mass}, -1), iterations, residual};
}

}  // namespace fedorbit
