#include "machine/send.hpp"

namespace fedorbit {

void send(const Tensor& values, const Tensor& place) {
  if (place.is_cpu())
    place.copy_(values);
  else
    place.copy_(values.contiguous().pin_memory(), /*non_blocking=*/true);
}

Tensor sent(const Tensor& values, at::Device device) {
  return device.is_cpu() ? values : values.pin_memory().to(device, /*non_blocking=*/true);
}

}  // namespace fedorbit
