#include "algorithms/codecs/sixteen_bits.hpp"

#include <ATen/ops/clamp.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

namespace fedorbit {
namespace {

constexpr std::int64_t converted_at_once = 1
                                           << 14;  // numbers that are clamped and converted while they are in the cache

/// `count` numbers of that type, where they are.
Tensor numbers(const void* place, std::int64_t count, at::ScalarType type) {
  return at::from_blob(const_cast<void*>(place), {count}, type);
}

}  // namespace

void SixteenBits::write(const float* values, const Message& message, std::byte* out) const {
  const std::int64_t all = message.layout.weights(Owner::shared);
  for (std::int64_t first = 0; first < all; first += converted_at_once) {
    const std::int64_t count = std::min(converted_at_once, all - first);
    numbers(out + 2 * first, count, type_).copy_(numbers(values + first, count, at::kFloat).clamp(-largest_, largest_));
  }
}

void SixteenBits::read(const std::byte* in, const Message& message, float* values) const {
  const std::int64_t all = message.layout.weights(Owner::shared);
  numbers(values, all, at::kFloat).copy_(numbers(in, all, type_));
}

}  // namespace fedorbit
