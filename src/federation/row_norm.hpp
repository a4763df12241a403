// The length of a vector, and with it whether all of its numbers are finite.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// Euclidean norms (K) float64 of the rows of (K, n) float32 on the CPU, summed in float64, in which no finite row
/// overflows: a norm is finite exactly where every number of its row is.
Tensor row_norms(const Tensor& rows);

}  // namespace fedorbit
