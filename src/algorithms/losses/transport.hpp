// Entropic optimal transport, T* = argmin <T, C> - lambda H(T): many small problems at once, without gradient.
#pragma once
#include <cstdint>

#include "core/tensor.hpp"

namespace fedorbit {

struct TransportSettings {
  double lambda = 0.1;
  std::int64_t max_iterations = 100;
  double tolerance = 1e-3;  // on the L1 distance between the plan's marginals and the given ones
};

/// Leading axes number the problems; each stops on its own, so that no problem depends on its neighbours.
struct TransportPlan {
  Tensor plan;        // (..., M, N), sums to 1
  Tensor iterations;  // (...) float32
  Tensor residual;    // (...) L1 marginal error at the end
};

/// Sinkhorn's iteration in the log domain (Cuturi 2013, arXiv 1306.0895). cost (..., M, N); the marginals, rows
/// (..., M) and columns (..., N), may hold zeros and sum to 1.
TransportPlan sinkhorn(const Tensor& cost, const Tensor& rows, const Tensor& columns,
                       const TransportSettings& settings);

/// The same for two targets and uniform marginals, cost (..., M, 2). With the row sums built in, the plan has one
/// unknown, x: T_m1 = sigmoid((x + C_m2 - C_m1) / lambda) / M with sum_m T_m1 = 1/2; Newton within a bracket finds it.
TransportPlan two_target_transport(const Tensor& cost, const TransportSettings& settings);

/// The same in LibTorch's operators, for any device; a GPU has a kernel of our own.
TransportPlan two_target_transport_in_operators(const Tensor& cost, const TransportSettings& settings);

}  // namespace fedorbit
