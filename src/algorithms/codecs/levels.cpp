#include "algorithms/codecs/levels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

// Compiled for several instruction sets (FEDORBIT_CLONES), see layers.cmake.
namespace fedorbit {
namespace {

static_assert(std::endian::native == std::endian::little);

/// Within -top and top; what is no number becomes -top.
inline float within(float level, float top) { return std::min(top, std::max(-top, level)); }

FEDORBIT_CLONES void nearest_levels(const float* __restrict values, std::int64_t count, float factor, float top,
                                    std::uint8_t* __restrict levels) {
  for (std::int64_t j = 0; j < count; ++j)
    levels[j] = std::uint8_t(std::int32_t(std::rint(within(values[j] * factor, top)) + top));
}

FEDORBIT_CLONES void random_levels(const float* __restrict values, std::int64_t count, float factor, float top,
                                   const float* __restrict uniforms, std::uint8_t* __restrict levels) {
  for (std::int64_t j = 0; j < count; ++j)
    levels[j] = std::uint8_t(std::int32_t(within(std::floor(values[j] * factor + uniforms[j]), top) + top));
}

FEDORBIT_CLONES void sign_levels(const float* __restrict values, std::int64_t count, std::uint8_t* __restrict levels) {
  for (std::int64_t j = 0; j < count; ++j) levels[j] = values[j] >= 0 ? 1 : 0;
}

FEDORBIT_CLONES void scaled_levels(const std::uint8_t* __restrict levels, std::int64_t count, float middle, float scale,
                                   float* __restrict values) {
  for (std::int64_t j = 0; j < count; ++j) values[j] = (float(levels[j]) - middle) * scale;
}

FEDORBIT_CLONES std::uint8_t largest_of(const std::uint8_t* levels, std::int64_t count) {
  std::uint8_t largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < count; ++j) largest = std::max(largest, levels[j]);
  return largest;
}

/// 2 in each 16 bits, 4 in each 32, 8 in all 64: where fields that move together lie.
constexpr std::uint64_t of_16 = 0x00ff00ff00ff00ff, of_32 = 0x0000ffff0000ffff, of_64 = 0x00000000ffffffff;

/// Eight levels, a byte each, moved together into the lowest 8 b bits, two neighbours at a time.
inline std::uint64_t together(std::uint64_t x, int b) {
  x = (x & of_16) | ((x >> (8 - b)) & (of_16 << b));
  x = (x & of_32) | ((x >> (16 - 2 * b)) & (of_32 << 2 * b));
  return b == 8 ? x : (x & of_64) | ((x >> (32 - 4 * b)) & (of_64 << 4 * b));
}

/// The lowest n bits in each of the fields that begin where `ones` has a one.
inline std::uint64_t lowest(std::uint64_t ones, int n) { return ones * ((std::uint64_t{1} << n) - 1); }

inline std::uint64_t apart(std::uint64_t x, int b) {
  x = (x & lowest(1, 4 * b)) | (((x >> 4 * b) & lowest(1, 4 * b)) << 32);
  const std::uint64_t four = lowest(0x0000000100000001, 2 * b);
  x = (x & four) | (((x >> 2 * b) & four) << 16);
  const std::uint64_t eight = lowest(0x0001000100010001, b);
  return (x & eight) | (((x >> b) & eight) << 8);
}

template <int bits>
void pack_all(const std::uint8_t* levels, std::int64_t count, std::byte* out) {
  std::int64_t j = 0;
  for (; j + 8 <= count; j += 8, out += bits) {
    std::uint64_t eight;
    std::memcpy(&eight, levels + j, 8);
    eight = together(eight, bits);
    std::memcpy(out, &eight, bits);
  }
  if (j == count) return;
  std::uint64_t rest = 0;
  std::memcpy(&rest, levels + j, std::size_t(count - j));
  rest = together(rest, bits);
  std::memcpy(out, &rest, std::size_t(packed_bytes(count - j, bits)));
}

template <int bits>
void unpack_all(const std::byte* packed, std::int64_t count, std::uint8_t* levels) {
  for (std::int64_t j = 0; j < count; j += 8, packed += bits) {
    const std::int64_t here = std::min<std::int64_t>(8, count - j);
    std::uint64_t eight = 0;
    std::memcpy(&eight, packed, here == 8 ? std::size_t(bits) : std::size_t(packed_bytes(here, bits)));
    eight = apart(eight, bits);
    std::memcpy(levels + j, &eight, std::size_t(here));
  }
}

/// Calls `action` with the number of bits as a constant.
template <class Action>
void with_bits(std::int64_t bits, Action action) {
  switch (bits) {
    case 1:
      return action.template operator()<1>();
    case 2:
      return action.template operator()<2>();
    case 3:
      return action.template operator()<3>();
    case 4:
      return action.template operator()<4>();
    case 5:
      return action.template operator()<5>();
    case 6:
      return action.template operator()<6>();
    case 7:
      return action.template operator()<7>();
    default:
      return action.template operator()<8>();
  }
}

}  // namespace

void round_to_levels(const float* values, std::int64_t count, float factor, float top, std::uint8_t* levels) {
  nearest_levels(values, count, factor, top, levels);
}

void round_at_random(const float* values, std::int64_t count, float factor, float top, const float* uniforms,
                     std::uint8_t* levels) {
  random_levels(values, count, factor, top, uniforms, levels);
}

void signs(const float* values, std::int64_t count, std::uint8_t* levels) { sign_levels(values, count, levels); }

int largest_level(const std::uint8_t* levels, std::int64_t count) { return largest_of(levels, count); }

void from_levels(const std::uint8_t* levels, std::int64_t count, float middle, float scale, float* values) {
  scaled_levels(levels, count, middle, scale, values);
}

void pack(const std::uint8_t* levels, std::int64_t count, std::int64_t bits, std::byte* out) {
  with_bits(bits, [&]<int b>() { pack_all<b>(levels, count, out); });
}

void unpack(const std::byte* packed, std::int64_t count, std::int64_t bits, std::uint8_t* levels) {
  with_bits(bits, [&]<int b>() { unpack_all<b>(packed, count, levels); });
}

}  // namespace fedorbit
