#include "algorithms/row_norm.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "core/error.hpp"

// Compiled for several instruction sets (FEDORBIT_CLONES), see layers.cmake.
namespace fedorbit {
namespace {

FEDORBIT_CLONES double sum_of_squares(const float* values, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += double(values[j]) * double(values[j]);
  return sum;
}

FEDORBIT_CLONES double sum_of_squares(const float* one, const float* other, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) {
    const float difference = one[j] - other[j];
    sum += double(difference) * double(difference);
  }
  return sum;
}

}  // namespace

Tensor row_norms(const Tensor& rows) {
  require(rows.dim() == 2 && rows.scalar_type() == at::kFloat, "norms are taken of (K, n) float32.");
  if (!rows.is_cpu()) return rows.square().sum(1).to(at::kDouble).sqrt();
  const Tensor dense = rows.contiguous();
  Tensor norms = at::empty({rows.size(0)}, at::kDouble);
  for (std::int64_t k = 0; k < rows.size(0); ++k)
    norms.mutable_data_ptr<double>()[k] =
        std::sqrt(sum_of_squares(dense.const_data_ptr<float>() + k * rows.size(1), rows.size(1)));
  return norms;
}

Tensor of_length(double length, const Tensor& rows) {
  return rows * (length / row_norms(rows).clamp_min(1e-30)).to(at::kFloat).unsqueeze(1);
}

double distance(const Tensor& a, const Tensor& b) {
  require(a.is_cpu() && a.sizes() == b.sizes() && a.scalar_type() == at::kFloat && b.scalar_type() == at::kFloat,
          "distances are taken of two float32 vectors of one length on the CPU.");
  const Tensor one = a.contiguous(), other = b.contiguous();
  return std::sqrt(sum_of_squares(one.const_data_ptr<float>(), other.const_data_ptr<float>(), one.numel()));
}

}  // namespace fedorbit
