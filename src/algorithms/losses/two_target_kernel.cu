#include "algorithms/losses/two_target_kernel.hpp"

namespace fedorbit::two_target {
namespace {

constexpr int lanes = 32, warps = 4;

template <class Join>
__device__ float of_lanes(float x, const Join& join) {
  for (int step = lanes / 2; step > 0; step /= 2) x = join(x, __shfl_xor_sync(~0u, x, step));
  return x;
}

template <int each>
__global__ void newton(std::int64_t problems, int sources, const float2* cost, float lambda, int max_iterations,
                       float tolerance, float2* plan, float* iterations, float* residuals) {
  const std::int64_t problem = std::int64_t(blockIdx.x) * warps + threadIdx.x / lanes;
  if (problem >= problems) return;
  const int lane = threadIdx.x % lanes;
  const auto add = [](float a, float b) { return a + b; };
  const auto lesser = [](float a, float b) { return fminf(a, b); };
  const auto greater = [](float a, float b) { return fmaxf(a, b); };
  const float mass = 1.f / sources;

  float difference[each], share[each], least = INFINITY, most = -INFINITY, sum = 0;
#pragma unroll
  for (int j = 0; j < each; ++j) {
    const int m = lane + lanes * j;
    if (m >= sources) continue;
    const float2 c = cost[problem * sources + m];
    difference[j] = (c.y - c.x) / lambda;
    least = fminf(least, difference[j]);
    most = fmaxf(most, difference[j]);
    sum += difference[j];
  }
  float low = -of_lanes(most, greater), high = -of_lanes(least, lesser), x = -of_lanes(sum, add) * mass, residual = 0;
  int i = 0;
  for (;; ++i) {
    float shares = 0, slopes = 0;
#pragma unroll
    for (int j = 0; j < each; ++j) {
      if (lane + lanes * j >= sources) continue;
      share[j] = 1 / (1 + expf(-(x + difference[j])));
      shares += share[j];
      slopes += share[j] * (1 - share[j]);
    }
    const float excess = of_lanes(shares, add) * mass - 0.5f, slope = of_lanes(slopes, add) * mass;
    residual = 2 * fabsf(excess);
    if (i == max_iterations || !(residual > tolerance)) break;
    if (excess < 0) low = x;
    if (excess > 0) high = x;
    const float next = x - excess / fmaxf(slope, 1e-12f);
    x = next > low && next < high ? next : (low + high) / 2;
  }
#pragma unroll
  for (int j = 0; j < each; ++j) {
    const int m = lane + lanes * j;
    if (m < sources) plan[problem * sources + m] = {share[j] * mass, (1 - share[j]) * mass};
  }
  if (lane == 0) {
    iterations[problem] = float(i);
    residuals[problem] = residual;
  }
}

}  // namespace

void solve(std::int64_t problems, int sources, const float* cost, float lambda, int max_iterations, float tolerance,
           float* plan, float* iterations, float* residual, cudaStream_t stream) {
  const unsigned blocks = unsigned((problems + warps - 1) / warps);
  const auto launch = [&](auto kernel) {
    kernel<<<blocks, lanes * warps, 0, stream>>>(problems, sources, reinterpret_cast<const float2*>(cost), lambda,
                                                 max_iterations, tolerance, reinterpret_cast<float2*>(plan), iterations,
                                                 residual);
  };
  if (sources <= 8 * lanes)
    launch(newton<8>);
  else
    launch(newton<32>);
}

}  // namespace fedorbit::two_target
