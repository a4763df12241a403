#include "model/towers/frozen_matrix.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "model/towers/one_dnn.hpp"
#include "model/towers/product.hpp"

namespace fedorbit {
namespace {

/// oneDNN 3 takes another kernel for a single row, and for weights that are not packed for up to 96; from here on
/// float32 rows are alike.
constexpr std::int64_t least_rows = 16;
/// Where a weight may begin: a line of the processor's memory.
constexpr std::int64_t line = 64;

Tensor laid_out(const Tensor& weight) {
  const Tensor plain = weight.detach();
  return one_dnn::available() ? one_dnn::packed(plain) : plain.contiguous().clone();
}

Tensor steady_product(const Tensor& x, const Tensor& weight) {
  const std::int64_t rows = x.size(0);
  if (rows >= least_rows) return frozen_product(x, weight);
  Tensor filled = at::zeros({least_rows, x.size(1)}, x.options());
  filled.narrow(0, 0, rows).copy_(x);
  return frozen_product(filled, weight).narrow(0, 0, rows);
}

Tensor bytes_of(const Tensor& weight) {
  return one_dnn::available() ? one_dnn::bytes_of(weight) : weight.view(-1).view(at::kByte);
}

Tensor lying_in(const Tensor& bytes, const Tensor& weight) {
  return one_dnn::available() ? one_dnn::packed_in(bytes, weight)
                              : bytes.view(weight.scalar_type()).view(weight.sizes());
}

}  // namespace

FrozenMatrix::FrozenMatrix(const Tensor& weight) : forward_(laid_out(weight)), back_(laid_out(weight.t())) {}

Tensor FrozenMatrix::times(const Tensor& x) const { return steady_product(x, forward_); }
Tensor FrozenMatrix::times_back(const Tensor& d) const { return steady_product(d, back_); }

void share(std::span<FrozenMatrix* const> matrices, const ShareBytes& shared) {
  if (!shared) return;
  std::int64_t end = 0;
  const auto visit = [&](auto see) {  // each weight and the bytes that are its
    end = 0;
    for (FrozenMatrix* matrix : matrices)
      if (matrix->defined())
        for (Tensor* weight : {&matrix->forward_, &matrix->back_}) {
          const Tensor bytes = bytes_of(*weight);
          see(*matrix, *weight, bytes);
          end += (bytes.numel() + line - 1) / line * line;
        }
  };
  visit([](auto&&...) {});
  Tensor all = at::zeros({end}, at::kByte);
  visit([&](FrozenMatrix&, Tensor&, const Tensor& bytes) { all.narrow(0, end, bytes.numel()).copy_(bytes); });
  const Tensor home = shared(all);
  visit([&](FrozenMatrix& matrix, Tensor& weight, const Tensor& bytes) {
    weight = lying_in(home.narrow(0, end, bytes.numel()), weight);
    matrix.home_ = home;
  });
}

}  // namespace fedorbit
