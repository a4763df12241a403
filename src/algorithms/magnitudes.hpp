// How large the numbers of a vector are, in one pass.
#pragma once
#include <cstdint>

namespace fedorbit {

/// The largest |value| of `count` numbers, 0 of none; what is no number is passed over.
float largest_magnitude(const float* values, std::int64_t count);
/// The mean |value|, 0 of none.
float mean_magnitude(const float* values, std::int64_t count);
/// The root of the sum of squares.
double euclidean_norm(const float* values, std::int64_t count);

}  // namespace fedorbit
