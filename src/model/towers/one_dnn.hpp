// oneDNN's products as LibTorch's operators offer them: the one file that knows their names.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit::one_dnn {

/// Whether this LibTorch was built with oneDNN and declares its operators in the words that are known here.
bool available();

/// x (R, in) times the transpose of `weight` (out, in), plain or packed, plus bias (out) where it is defined.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

/// A copy of `weight` (out, in) in the order in which products read it. Only linear() can read it.
Tensor packed(const Tensor& weight);

/// The bytes of a packed weight: (n) uint8, a view that lives as long as it does.
Tensor bytes_of(const Tensor& packed);

/// A packed weight like `packed` whose bytes are `bytes`, which must outlive it.
Tensor packed_in(const Tensor& bytes, const Tensor& packed);

}  // namespace fedorbit::one_dnn
