#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include "core/error.hpp"
#include "machine/device_properties.hpp"

namespace fedorbit {

std::string device_name(c10::Device device) {
  if (!device.is_cuda()) return processor_name();
  cudaDeviceProp properties{};
  require(cudaGetDeviceProperties(&properties, device.index()) == cudaSuccess, "GPU ", int(device.index()),
          " does not say what it is.");
  return properties.name;
}

std::optional<double> gpu_memory(c10::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  const c10::cuda::CUDAGuard current(device);
  std::size_t left = 0, all = 0;
  require(cudaMemGetInfo(&left, &all) == cudaSuccess, "GPU ", int(device.index()), " does not say what it has left.");
  return double(left);
}

}  // namespace fedorbit
