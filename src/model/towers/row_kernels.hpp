// What stands between the matrix products of a transformer layer, each in one pass over memory and without temporaries.
// Rows are contiguous; what products read and write is float32 or bfloat16 (called `half` here), while residual sums,
// statistics and parameters are float32. CPU only.
#pragma once
#include <span>

#include "core/tensor.hpp"

namespace fedorbit::rows {

/// sum = x + delta + bias, normed = half((sum - mean) rstd gamma + beta), statistics (R, 2) = (mean, rstd), epsilon
/// 1e-5. x, sum (R, w) float32, the same tensor if wanted; delta (R, w) half, or undefined: then sum is x and stays as
/// it is; bias, gamma, beta (w) float32.
void add_and_norm(const Tensor& x, const Tensor& delta, const Tensor& bias, const Tensor& gamma, const Tensor& beta,
                  Tensor& sum, Tensor& statistics, Tensor& normed);

/// The backward of the norm, added to the gradient that went around it: dx += rstd (g - mean(g) - n mean(g n)) with
/// n = (x - mean) rstd and g = dnormed gamma. dx (R, w) float32, dnormed (R, w) half, both in equal parts for each
/// of sources.size() clients; client k's part belongs to part sources[k] of x and statistics, so that several gradients
/// can go back through one forward pass. `rounded` (R, w) half, unless undefined, gets a copy of dx.
void norm_backward(const Tensor& dnormed, const Tensor& x, const Tensor& statistics, const Tensor& gamma,
                   std::span<const std::int64_t> sources, Tensor& dx, Tensor& rounded);

/// y += bias; y (R, n) half, bias (n) float32.
void add_bias(Tensor& y, const Tensor& bias);

/// active = u sigmoid(1.702 u) with u = inner + bias, and slope = its derivative, unless undefined. All (R, m) half,
/// bias (m) float32; one of the two may be `inner` itself.
void quick_gelu(const Tensor& inner, const Tensor& bias, Tensor& active, Tensor& slope);

/// d *= factors. d (R, m) half; `sources` as above.
void multiply(Tensor& d, const Tensor& factors, std::span<const std::int64_t> sources);

}  // namespace fedorbit::rows
