#include "algorithms/codecs/power_sgd.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include <cmath>
#include <cstring>

#include "algorithms/codecs/pieces.hpp"

namespace fedorbit {
namespace {

/// A tensor as a matrix, and whether its factors are shorter than it is.
struct Matrix {
  std::int64_t n, m;
  bool factored;
};

Matrix matrix_of(const Entry& entry, std::int64_t rank) {
  const std::int64_t n = entry.shape.empty() ? 1 : entry.shape[0], m = n > 0 ? entry.numel / n : 0;
  return {n, m, rank * (n + m) < n * m};
}

/// A copy of the numbers there: memory of LibTorch's own begins where a line of the processor's does, while messages
/// and their tensors begin anywhere, and the bits of a product depend on where.
Tensor matrix_at(const void* place, std::int64_t rows, std::int64_t columns) {
  Tensor matrix = at::empty({rows, columns}, at::kFloat);
  std::memcpy(matrix.mutable_data_ptr(), place, matrix.nbytes());
  return matrix;
}

/// Makes the columns of (n, r) orthonormal, each against those before it, twice (Giraud et al. 2005); one that is a sum
/// of these becomes zeros.
void orthonormalise(Tensor& columns) {
  const std::int64_t n = columns.size(0), r = columns.size(1);
  const Tensor wide = columns.t().to(at::kDouble).contiguous();  // (r, n)
  double* const data = wide.mutable_data_ptr<double>();
  const auto dot = [n](const double* a, const double* b) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
  };
  for (std::int64_t c = 0; c < r; ++c) {
    double* const own = data + c * n;
    const double before = std::sqrt(dot(own, own));
    for (int pass = 0; pass < 2; ++pass)
      for (std::int64_t former = 0; former < c; ++former) {
        const double* const other = data + former * n;
        const double along = dot(own, other);
        for (std::int64_t i = 0; i < n; ++i) own[i] -= along * other[i];
      }
    const double after = std::sqrt(dot(own, own)), factor = after > 1e-6 * before ? 1 / after : 0;
    for (std::int64_t i = 0; i < n; ++i) own[i] *= factor;
  }
  columns.copy_(wide.t());
}

}  // namespace

std::int64_t PowerSgdCodec::size(const Layout& layout) const {
  std::int64_t numbers = 0;
  by_tensors(layout, [&](const Entry& entry) {
    const Matrix matrix = matrix_of(entry, rank_);
    numbers += matrix.factored ? rank_ * (matrix.n + matrix.m) : entry.numel;
  });
  return raw_bytes(numbers);
}

void PowerSgdCodec::write(const float* values, const Message& message, std::byte* out) const {
  Stream stream = message.stream();
  by_tensors(message.layout, [&](const Entry& entry) {
    const auto [n, m, factored] = matrix_of(entry, rank_);
    const float* const numbers = values + entry.offset;
    if (!factored) {
      if (entry.numel > 0) std::memcpy(out, numbers, std::size_t(raw_bytes(entry.numel)));
      out += raw_bytes(entry.numel);
      return;
    }
    const Tensor whole = matrix_at(numbers, n, m);
    Tensor p = at::empty({n, rank_}, at::kFloat), q = at::empty({m, rank_}, at::kFloat);
    stream.fill_normal({q.mutable_data_ptr<float>(), std::size_t(m * rank_)}, 1);
    for (std::int64_t i = 0; i < iterations_; ++i) {
      if (i > 0) orthonormalise(q);  // which changes nothing but how large the product becomes
      at::mm_out(p, whole, q);
      orthonormalise(p);
      at::mm_out(q, whole.t(), p);
    }
    for (const Tensor* factor : {&p, &q}) {
      std::memcpy(out, factor->const_data_ptr(), factor->nbytes());
      out += factor->nbytes();
    }
  });
}

void PowerSgdCodec::read(const std::byte* in, const Message& message, float* values) const {
  by_tensors(message.layout, [&](const Entry& entry) {
    const auto [n, m, factored] = matrix_of(entry, rank_);
    float* const numbers = values + entry.offset;
    const std::int64_t sent = factored ? rank_ * (n + m) : entry.numel;
    if (factored) {
      const Tensor whole = at::mm(matrix_at(in, n, rank_), matrix_at(in + raw_bytes(n * rank_), m, rank_).t());
      std::memcpy(numbers, whole.const_data_ptr(), whole.nbytes());
    } else if (entry.numel > 0) {
      std::memcpy(numbers, in, std::size_t(raw_bytes(sent)));
    }
    in += raw_bytes(sent);
  });
}

}  // namespace fedorbit
