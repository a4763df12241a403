#include "algorithms/codecs/float32.hpp"

#include <ATen/ops/empty.h>

#include <cstring>

#include "core/error.hpp"

namespace fedorbit {

Bytes Float32Codec::encode(const Tensor& values, const Layout& layout) const {
  require(values.numel() == layout.weights(Owner::shared) && values.is_contiguous() && values.scalar_type() == at::kFloat,
          "a message of ", values.numel(), " numbers was to be encoded for a layout of ", layout.weights(Owner::shared),
          ".");
  const auto* first = reinterpret_cast<const std::byte*>(values.const_data_ptr<float>());
  return {first, first + std::size_t(values.numel()) * sizeof(float)};
}

Tensor Float32Codec::decode(const Bytes& bytes, const Layout& layout) const {
  const std::size_t expected = std::size_t(layout.weights(Owner::shared)) * sizeof(float);
  require(bytes.size() == expected, "a float32 message has ", bytes.size(), " bytes; its layout takes ", expected, ".");
  Tensor values = at::empty({layout.weights(Owner::shared)}, at::kFloat);
  std::memcpy(values.mutable_data_ptr<float>(), bytes.data(), bytes.size());
  return values;
}

}  // namespace fedorbit
