#include "algorithms/losses/affine.hpp"

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/constant_pad_nd.h>

#include "algorithms/losses/in_lines.hpp"

namespace fedorbit {

Tensor affine(const Tensor& z, const Tensor& weight, const Tensor& bias) {
  // In one piece: among other tensors a client's weight may begin anywhere, and the bits of a product depend on where.
  const Tensor whole = in_lines(weight).contiguous();
  // A single row would be another kernel's.
  const std::int64_t rows = z.size(1);
  const Tensor several = rows == 1 ? at::constant_pad_nd(z, {0, 0, 0, 1}) : z;
  return at::baddbmm(bias.unsqueeze(2), whole, in_lines(several).transpose(1, 2)).transpose(1, 2).narrow(1, 0, rows);
}

}  // namespace fedorbit
