#include "algorithms/codecs/uniform.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cfloat>
#include <cstring>

#include "algorithms/codecs/levels.hpp"
#include "algorithms/magnitudes.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Numbers that are rounded and packed while their levels are in the nearest cache; whole bytes of any number of bits.
constexpr std::int64_t block = 1024;

/// Calls `action` with the place and the length of each block.
template <class Action>
void by_blocks(std::int64_t count, Action action) {
  for (std::int64_t first = 0; first < count; first += block) action(first, std::min(block, count - first));
}

/// Each tensor of the message: where its numbers begin, and how many there are.
template <class Action>
void by_tensors(const Message& message, Action action) {
  for (const Entry& entry : message.layout.entries())
    if (entry.owner == Owner::shared && entry.role == Role::weight) action(entry.offset, entry.numel);
}

}  // namespace

UniformCodec::UniformCodec(const UniformOptions& options)
    : bits_(options.bits),
      at_random_(options.rounding == "stochastic"),
      top_(bits_ == 1 ? 0.5f : float((1 << (bits_ - 1)) - 1)) {
  require(bits_ > 1 || !at_random_,
          "uniform.rounding = \"stochastic\" is for 2 bits and more: with uniform.bits = 1 a "
          "number is its sign.");
}

std::int64_t UniformCodec::size(const Message& message) const {
  std::int64_t bytes = 0;
  by_tensors(message, [&](std::int64_t, std::int64_t count) { bytes += raw_bytes(1) + packed_bytes(count, bits_); });
  return bytes;
}

float UniformCodec::scale_of(const float* values, std::int64_t count) const {
  const float scale = bits_ == 1 ? mean_magnitude(values, count) : largest_magnitude(values, count) / top_;
  return scale >= FLT_MIN ? scale : 0;  // the inverse of a smaller one is not finite
}

Bytes UniformCodec::encode(const Tensor& values, const Message& message) const {
  require_numbers_of(values, message);
  Bytes bytes(std::size_t(size(message)));
  std::byte* out = bytes.data();
  Stream stream = message.stream();
  std::array<std::uint8_t, block> levels;
  std::array<float, block> uniforms;
  by_tensors(message, [&](std::int64_t offset, std::int64_t count) {
    const float* numbers = values.const_data_ptr<float>() + offset;
    const float scale = scale_of(numbers, count), factor = scale > 0 ? 1 / scale : 0;
    std::memcpy(out, &scale, sizeof scale);
    out += sizeof scale;
    by_blocks(count, [&](std::int64_t first, std::int64_t length) {
      if (bits_ == 1) {
        signs(numbers + first, length, levels.data());
      } else if (at_random_) {
        for (std::int64_t j = 0; j < length; ++j) uniforms[std::size_t(j)] = float(stream.bits() >> 8) * 0x1p-24f;
        round_at_random(numbers + first, length, factor, top_, uniforms.data(), levels.data());
      } else {
        round_to_levels(numbers + first, length, factor, top_, levels.data());
      }
      pack(levels.data(), length, bits_, out);
      out += packed_bytes(length, bits_);
    });
  });
  return bytes;
}

Tensor UniformCodec::decode(const Bytes& bytes, const Message& message) const {
  require_size(bytes, size(message), "uniform");
  Tensor values = at::empty({message.layout.weights(Owner::shared)}, at::kFloat);
  const std::byte* in = bytes.data();
  std::array<std::uint8_t, block> levels;
  by_tensors(message, [&](std::int64_t offset, std::int64_t count) {
    float* numbers = values.mutable_data_ptr<float>() + offset;
    float scale;
    std::memcpy(&scale, in, sizeof scale);
    in += sizeof scale;
    by_blocks(count, [&](std::int64_t first, std::int64_t length) {
      unpack(in, length, bits_, levels.data());
      from_levels(levels.data(), length, top_, bits_ == 1 ? 2 * scale : scale, numbers + first);
      in += packed_bytes(length, bits_);
    });
  });
  return values;
}

}  // namespace fedorbit
