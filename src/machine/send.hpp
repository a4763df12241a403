// Numbers on their way from the host to the device that computes with them.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// `values` of the host in `place`, of the same shape. A GPU takes them from pinned memory when its turn comes, and the
/// host does not wait for the steps before; `values` may be changed at once.
void send(const Tensor& values, const Tensor& place);

/// The same, in memory of their own; on a CPU the values themselves.
Tensor sent(const Tensor& values, at::Device device);

}  // namespace fedorbit
