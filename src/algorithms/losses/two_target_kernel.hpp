// The kernel behind two_target_cuda.cpp: transport.hpp's two_target_transport, a warp a problem.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fedorbit::two_target {

constexpr int most_sources = 1024;  // M, what a warp's registers hold

/// cost and plan (problems, M, 2), iterations and residual (problems), float32 and dense. Each problem stops on its
/// own.
void solve(std::int64_t problems, int sources, const float* cost, float lambda, int max_iterations, float tolerance,
           float* plan, float* iterations, float* residual, cudaStream_t);

}  // namespace fedorbit::two_target
