#include "algorithms/codec.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sub.h>

namespace fedorbit {

Bytes SizedCodec::encode(const Tensor& values, const Message& message) const {
  const std::int64_t expected = message.layout.weights(Owner::shared);
  require(values.numel() == expected && values.is_contiguous() && values.scalar_type() == at::kFloat, "a message of ",
          values.numel(), " numbers was to be encoded for a layout of ", expected, ".");
  Bytes bytes(std::size_t(size(message.layout)));
  write(values.const_data_ptr<float>(), message, bytes.data());
  return bytes;
}

Tensor SizedCodec::decode(const Bytes& bytes, const Message& message) const {
  const std::int64_t expected = size(message.layout);
  if (std::int64_t(bytes.size()) != expected)
    refuse(message, name(), "it has ", bytes.size(), " bytes, and its tensors take ", expected);
  Tensor values = at::empty({message.layout.weights(Owner::shared)}, at::kFloat);
  read(bytes.data(), message, values.mutable_data_ptr<float>());
  return values;
}

Transmitted transmit(const Codec& codec, const Tensor& values, const Message& message, Tensor residual) {
  const Tensor meant = residual.defined() ? values + residual : values;
  const Bytes bytes = codec.encode(meant, message);
  const Tensor read = codec.lossless() ? meant : codec.decode(bytes, message);
  if (residual.defined()) at::sub_out(residual, meant, read);
  return {read, std::int64_t(bytes.size())};
}

}  // namespace fedorbit
