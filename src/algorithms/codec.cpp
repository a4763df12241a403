#include "algorithms/codec.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sub.h>

#include "core/error.hpp"

namespace fedorbit {

void require_numbers_of(const Tensor& values, const Message& message) {
  const std::int64_t expected = message.layout.weights(Owner::shared);
  require(values.numel() == expected && values.is_contiguous() && values.scalar_type() == at::kFloat, "a message of ",
          values.numel(), " numbers was to be encoded for a layout of ", expected, ".");
}

void require_size(const Bytes& bytes, std::int64_t expected, const char* name) {
  require(std::int64_t(bytes.size()) == expected, "a ", name, " message has ", bytes.size(),
          " bytes; its layout takes ", expected, ".");
}

Transmitted transmit(const Codec& codec, const Tensor& values, const Message& message, Tensor residual) {
  const Tensor meant = residual.defined() ? values + residual : values;
  const Bytes bytes = codec.encode(meant, message);
  const Tensor read = codec.lossless() ? meant : codec.decode(bytes, message);
  if (residual.defined()) at::sub_out(residual, meant, read);
  return {read, std::int64_t(bytes.size())};
}

}  // namespace fedorbit
