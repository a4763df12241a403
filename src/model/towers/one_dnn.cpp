#include "model/towers/one_dnn.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/inductor/aoti_torch/utils.h>

#include <string_view>

#include "core/error.hpp"

namespace fedorbit::one_dnn {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using Linear = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view, Scalars,
                      std::optional<std::string_view>);
using Reorder = Tensor(const Tensor&, std::optional<std::int64_t>);
using Number = std::int64_t(const Tensor&);
using Describe = Tensor(const Tensor&);

template <class Signature>
std::optional<c10::TypedOperatorHandle<Signature>> operation(const char* name) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, ""});
  if (!found) return std::nullopt;
  try {
    return found->typed<Signature>();
  } catch (const c10::Error&) {
    return std::nullopt;
  }
}

struct Operations {
  std::optional<c10::TypedOperatorHandle<Linear>> linear = operation<Linear>("mkldnn::_linear_pointwise");
  std::optional<c10::TypedOperatorHandle<Reorder>> reorder = operation<Reorder>("mkldnn::_reorder_linear_weight");
  std::optional<c10::TypedOperatorHandle<Number>> address = operation<Number>("mkldnn::data_ptr");
  std::optional<c10::TypedOperatorHandle<Number>> size = operation<Number>("mkldnn::_nbytes");
  std::optional<c10::TypedOperatorHandle<Describe>> describe = operation<Describe>("mkldnn::_get_mkldnn_serialized_md");
  bool complete() const {
    return linear && linear->hasKernelForDispatchKey(c10::DispatchKey::CPU) && reorder && address && size && describe;
  }
};

const Operations& operations() {
  static const Operations all;
  return all;
}

/// The order of a packed weight depends on the rows that are announced, but not beyond a few.
constexpr std::int64_t usual_rows = 1024;

}  // namespace

bool available() {
  static const bool complete = operations().complete();
  return complete;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const auto added = bias.defined() ? std::optional(bias) : std::nullopt;
  return operations().linear->call(x, weight, added, "none", Scalars(), std::nullopt);
}

Tensor packed(const Tensor& weight) { return operations().reorder->call(weight, usual_rows); }

Tensor bytes_of(const Tensor& packed) {
  return at::from_blob(reinterpret_cast<void*>(operations().address->call(packed)),  // NOLINT: that is what it returns
                       {operations().size->call(packed)}, at::kByte);
}

Tensor packed_in(const Tensor& bytes, const Tensor& packed) {
  const Tensor described = operations().describe->call(packed);
  AtenTensorHandle handle = nullptr;
  const auto code = aoti_torch_create_tensor_from_blob_v2(
      bytes.mutable_data_ptr(), packed.dim(), packed.sizes().data(), nullptr, 0, std::int32_t(packed.scalar_type()),
      std::int32_t(at::kCPU), 0, &handle, aoti_torch_layout__mkldnn(), described.const_data_ptr<std::uint8_t>(),
      described.numel());
  require(code == AOTI_TORCH_SUCCESS && handle != nullptr, "LibTorch refuses packed weights at another address.");
  const std::unique_ptr<Tensor> owned(torch::aot_inductor::tensor_handle_to_tensor_pointer(handle));
  return *owned;
}

}  // namespace fedorbit::one_dnn
