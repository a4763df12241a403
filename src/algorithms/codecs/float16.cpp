#include "algorithms/codecs/float16.hpp"

#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

namespace fedorbit {
namespace {

constexpr double largest_half = 65504;
constexpr std::int64_t at_once = 1 << 16;  // numbers that are clamped and converted while they are in the cache

/// The bytes as numbers, where they are.
Tensor halves(const std::byte* bytes, std::int64_t count) {
  return at::from_blob(const_cast<std::byte*>(bytes), {count}, at::kHalf);
}

}  // namespace

Bytes Float16Codec::encode(const Tensor& values, const Message& message) const {
  require_numbers_of(values, message);
  Bytes bytes(std::size_t(2 * values.numel()));
  for (std::int64_t first = 0; first < values.numel(); first += at_once) {
    const std::int64_t count = std::min(at_once, values.numel() - first);
    halves(bytes.data() + 2 * first, count).copy_(values.narrow(0, first, count).clamp(-largest_half, largest_half));
  }
  return bytes;
}

Tensor Float16Codec::decode(const Bytes& bytes, const Message& message) const {
  const std::int64_t numbers = message.layout.weights(Owner::shared);
  require_size(bytes, 2 * numbers, "float16");
  return halves(bytes.data(), numbers).to(at::kFloat);
}

}  // namespace fedorbit
