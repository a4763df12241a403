#include "algorithms/codecs/scaled_levels.hpp"

#include <array>
#include <cfloat>
#include <cstring>

#include "algorithms/codecs/levels.hpp"
#include "algorithms/codecs/pieces.hpp"

namespace fedorbit {
namespace {

/// Numbers that are rounded and packed while their levels are in the nearest cache; whole bytes of any number of bits.
constexpr std::int64_t at_once = 1024;

}  // namespace

std::int64_t ScaledLevels::size(const Layout& layout) const {
  std::int64_t bytes = 0;
  by_tensors(layout, [&](const Entry& entry) {
    const std::int64_t block = levels_.block > 0 ? levels_.block : std::max<std::int64_t>(entry.numel, 1);
    const std::int64_t whole = entry.numel / block, rest = entry.numel % block;
    bytes += whole * (raw_bytes(1) + packed_bytes(block, levels_.bits));
    if (rest > 0) bytes += raw_bytes(1) + packed_bytes(rest, levels_.bits);
  });
  return bytes;
}

// Up or down at random, a number errs by step^2 / 4 in the mean of squares at most, and step^2 is at most the sum of
// squares of its block / top^2.
std::string ScaledLevels::why_no_feedback(const Layout& layout) const {
  if (levels_.rounding != Rounding::at_random) return {};
  std::int64_t longest = 0;
  by_tensors(layout, [&](const Entry& entry) { longest = std::max(longest, entry.numel); });
  if (levels_.block > 0) longest = std::min(longest, levels_.block);
  const auto most = std::int64_t(4 * levels_.top * levels_.top) - 1;
  if (longest <= most) return {};
  return text("rounded at random to ", std::int64_t(2 * levels_.top) + 1, " levels, ", longest,
              " numbers that share a scale may lose more than they say, and what is kept of it would grow; take blocks "
              "of at most ",
              most, ", or more levels");
}

void ScaledLevels::write(const float* values, const Message& message, std::byte* out) const {
  Stream stream = message.stream();
  std::array<std::uint8_t, at_once> levels;
  std::array<float, at_once> uniforms;
  by_tensors(message.layout, [&](const Entry& entry) {
    by_blocks(entry.numel, levels_.block, [&](std::int64_t begin, std::int64_t count) {
      const float* numbers = values + entry.offset + begin;
      float step = step_of(numbers, count);
      step = step >= FLT_MIN ? std::min(step, FLT_MAX) : 0;  // the inverse of a smaller one is not finite
      const float factor = step > 0 ? 1 / step : 0;
      std::memcpy(out, &step, sizeof step);
      out += sizeof step;
      by_blocks(count, at_once, [&](std::int64_t first, std::int64_t length) {
        switch (levels_.rounding) {
          case Rounding::sign:
            signs(numbers + first, length, levels.data());
            break;
          case Rounding::nearest:
            round_to_levels(numbers + first, length, factor, levels_.top, levels.data());
            break;
          case Rounding::at_random:
            for (std::int64_t j = 0; j < length; ++j) uniforms[std::size_t(j)] = float(stream.bits() >> 8) * 0x1p-24f;
            round_at_random(numbers + first, length, factor, levels_.top, uniforms.data(), levels.data());
        }
        pack(levels.data(), length, levels_.bits, out);
        out += packed_bytes(length, levels_.bits);
      });
    });
  });
}

void ScaledLevels::read(const std::byte* in, const Message& message, float* values) const {
  std::array<std::uint8_t, at_once> levels;
  const int highest = int(2 * levels_.top);
  by_tensors(message.layout, [&](const Entry& entry) {
    by_blocks(entry.numel, levels_.block, [&](std::int64_t begin, std::int64_t count) {
      float* numbers = values + entry.offset + begin;
      float step;
      std::memcpy(&step, in, sizeof step);
      in += sizeof step;
      if (!(step >= 0 && step <= FLT_MAX)) refuse(message, name(), "a scale of ", entry.name, " is ", step);
      by_blocks(count, at_once, [&](std::int64_t first, std::int64_t length) {
        unpack(in, length, levels_.bits, levels.data());
        if (const int level = largest_level(levels.data(), length); level > highest)
          refuse(message, name(), "a number of ", entry.name, " is level ", level, " of ", highest + 1);
        from_levels(levels.data(), length, levels_.top, levels_.rounding == Rounding::sign ? 2 * step : step,
                    numbers + first);
        in += packed_bytes(length, levels_.bits);
      });
    });
  });
}

}  // namespace fedorbit
