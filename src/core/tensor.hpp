// The one name under which the code speaks of LibTorch's tensors, from its lightest header.
#pragma once
#include <ATen/core/Tensor.h>

namespace fedorbit {
using Tensor = at::Tensor;
}
