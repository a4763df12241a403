#include "algorithms/magnitudes.hpp"

#include <algorithm>
#include <cmath>

// Compiled for several instruction sets (FEDORBIT_CLONES), see layers.cmake.
namespace fedorbit {
namespace {

FEDORBIT_CLONES float largest_of(const float* values, std::int64_t count) {
  float largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < count; ++j) largest = std::max(largest, std::abs(values[j]));
  return largest;
}

FEDORBIT_CLONES double sum_of(const float* values, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += double(std::abs(values[j]));
  return sum;
}

FEDORBIT_CLONES double squares_of(const float* values, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += double(values[j]) * double(values[j]);
  return sum;
}

}  // namespace

float largest_magnitude(const float* values, std::int64_t count) { return largest_of(values, count); }

float mean_magnitude(const float* values, std::int64_t count) {
  return count > 0 ? float(sum_of(values, count) / double(count)) : 0;
}

double euclidean_norm(const float* values, std::int64_t count) { return std::sqrt(squares_of(values, count)); }

}  // namespace fedorbit
