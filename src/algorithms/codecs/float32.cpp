#include "algorithms/codecs/float32.hpp"

#include <ATen/ops/empty.h>

#include <cstring>

namespace fedorbit {

Bytes Float32Codec::encode(const Tensor& values, const Message& message) const {
  require_numbers_of(values, message);
  const auto* first = reinterpret_cast<const std::byte*>(values.const_data_ptr<float>());
  return {first, first + values.nbytes()};
}

Tensor Float32Codec::decode(const Bytes& bytes, const Message& message) const {
  const std::int64_t numbers = message.layout.weights(Owner::shared);
  require_size(bytes, raw_bytes(numbers), "float32");
  Tensor values = at::empty({numbers}, at::kFloat);
  std::memcpy(values.mutable_data_ptr<float>(), bytes.data(), bytes.size());
  return values;
}

}  // namespace fedorbit
