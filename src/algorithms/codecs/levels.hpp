// Numbers as whole levels of a few bits, and levels packed without a gap: the loops of codecs that quantise.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fedorbit {

/// levels[j] = round(values[j] * factor), to the nearest, ties to even, within -top and top, plus top. Up to 255
/// levels.
void round_to_levels(const float* values, std::int64_t count, float factor, float top, std::uint8_t* levels);
/// The same with floor(values[j] * factor + uniforms[j]) for uniforms in [0, 1): right in the mean over these.
void round_at_random(const float* values, std::int64_t count, float factor, float top, const float* uniforms,
                     std::uint8_t* levels);
/// levels[j] = 1 where values[j] >= 0, else 0.
void signs(const float* values, std::int64_t count, std::uint8_t* levels);
/// The largest of them, 0 of none.
int largest_level(const std::uint8_t* levels, std::int64_t count);
/// values[j] = (levels[j] - middle) * scale.
void from_levels(const std::uint8_t* levels, std::int64_t count, float middle, float scale, float* values);

/// Bytes that so many levels of `bits` (1 to 8) take.
inline std::int64_t packed_bytes(std::int64_t count, std::int64_t bits) { return (count * bits + 7) / 8; }
/// Levels, each below 2^bits, one after another from the lowest bit of the first byte on; the last byte ends with
/// zeros.
void pack(const std::uint8_t* levels, std::int64_t count, std::int64_t bits, std::byte* out);
void unpack(const std::byte* packed, std::int64_t count, std::int64_t bits, std::uint8_t* levels);

}  // namespace fedorbit
