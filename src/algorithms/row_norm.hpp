// The length of a vector, and with it whether all of its numbers are finite.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// Euclidean norms (K) float64 of the rows of (K, n) float32. On a CPU they are summed in float64, in which no finite
/// row overflows, each row by itself: a norm is finite exactly where every number of its row is, and its bits do not
/// depend on other rows.
Tensor row_norms(const Tensor& rows);

/// The Euclidean norm of a - b, of one length, without a tensor of the differences.
double distance(const Tensor& a, const Tensor& b);

/// Rows (K, n) brought to a length; those of zeros stay.
Tensor of_length(double length, const Tensor& rows);

}  // namespace fedorbit
