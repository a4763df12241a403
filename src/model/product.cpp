#include "model/product.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <string_view>

namespace fedorbit {
namespace {

using Signature = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view,
                         c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

/// Nothing where this LibTorch was built without oneDNN, or declares the operation in other words.
const c10::TypedOperatorHandle<Signature>* by_one_dnn() {
  static const auto handle = [] {
    std::optional<c10::TypedOperatorHandle<Signature>> typed;
    const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!found || !found->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return typed;
    try {
      typed = found->typed<Signature>();
    } catch (const c10::Error&) {
    }
    return typed;
  }();
  return handle ? &*handle : nullptr;
}

/// oneDNN 3 takes other kernels for few rows, up to 96 of them where they have 512 columns; from here on all rows are
/// alike.
constexpr std::int64_t least_rows = 128;

}  // namespace

const char* product_library() { return by_one_dnn() ? "oneDNN" : "LibTorch's default"; }

Tensor frozen_product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const auto added = bias.defined() ? std::optional(bias) : std::nullopt;
  const auto* operation = by_one_dnn();
  if (operation == nullptr || !x.is_cpu()) return at::linear(x, weight, added);
  return operation->call(x, weight, added, "none", c10::List<std::optional<at::Scalar>>(), std::nullopt);
}

Tensor steady_product(const Tensor& x, const Tensor& weight) {
  const std::int64_t rows = x.size(0);
  if (rows >= least_rows || by_one_dnn() == nullptr || !x.is_cpu()) return frozen_product(x, weight);
  Tensor filled = at::zeros({least_rows, x.size(1)}, x.options());
  filled.narrow(0, 0, rows).copy_(x);
  return frozen_product(filled, weight).narrow(0, 0, rows);
}

}  // namespace fedorbit
