// Rows as products of several clients' matrices want them.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// (..., n) with zeros behind n up to whole lines of a processor's memory, 16 numbers: what they are where n is a
/// multiple of these. Rows of any other length begin where they happen to, and the bits of a product depend on where,
/// so that a client would have others alone than among its group.
Tensor in_lines(const Tensor& rows);

}  // namespace fedorbit
