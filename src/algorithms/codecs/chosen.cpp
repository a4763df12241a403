#include "algorithms/codecs/chosen.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// A value's magnitude, whose order is that of its bits, above the place, so that of equal ones the first is larger.
/// What is no number is largest.
std::uint64_t ranked(float value, std::int64_t place) {
  return std::uint64_t(std::bit_cast<std::uint32_t>(value) & 0x7fffffffu) << 32 | (0xffffffffu - std::uint32_t(place));
}

/// A magnitude that somewhat more than `count` of the values reach, by a sample of them; 0 of few.
float reached(const float* values, std::int64_t all, std::int64_t count) {
  constexpr std::int64_t samples = 1 << 14;
  if (all < 4 * samples) return 0;
  std::vector<std::uint32_t> some;
  const std::int64_t stride = all / samples;
  for (std::int64_t j = 0; j < samples; ++j)
    some.push_back(std::bit_cast<std::uint32_t>(values[j * stride + j % stride]) & 0x7fffffffu);
  const double share = double(samples) * double(count) / double(all);
  const auto rank = std::int64_t(share + 6 * std::sqrt(share) + 8);
  if (rank >= samples) return 0;
  const auto at = some.begin() + rank;
  std::nth_element(some.begin(), at, some.end(), std::greater<>());
  return std::bit_cast<float>(*at);
}

/// Those of the values that reach a magnitude, ranked, in the order of their places.
std::vector<std::uint64_t> candidates(const float* values, std::int64_t all, float magnitude) {
  constexpr std::int64_t at_once = 16;
  std::vector<std::uint64_t> found;
  const auto look = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t j = first; j < last; ++j)
      if (!(std::abs(values[j]) < magnitude)) found.push_back(ranked(values[j], j));
  };
  std::int64_t j = 0;
  for (; j + at_once <= all; j += at_once) {
    bool any = false;
    for (std::int64_t i = j; i < j + at_once; ++i) any |= !(std::abs(values[i]) < magnitude);
    if (any) look(j, j + at_once);
  }
  look(j, all);
  return found;
}

std::int64_t bits_of(std::int64_t all) { return std::bit_width(std::uint64_t(std::max<std::int64_t>(all, 2) - 1)); }
std::int64_t as_list(std::int64_t all, std::int64_t count) { return (count * bits_of(all) + 7) / 8; }
std::int64_t as_map(std::int64_t all) { return (all + 7) / 8; }

}  // namespace

std::int64_t chosen_count(double fraction, std::int64_t all) {
  require(all <= std::numeric_limits<std::uint32_t>::max(), "places of ", all, " numbers are no 32-bit integers.");
  return all == 0 ? 0 : std::clamp<std::int64_t>(std::llround(fraction * double(all)), 1, all);
}

Places largest_places(const float* values, std::int64_t all, std::int64_t count) {
  std::vector<std::uint64_t> found = candidates(values, all, reached(values, all, count));
  if (std::int64_t(found.size()) < count) found = candidates(values, all, 0);
  Places places;
  if (count == 0) return places;
  std::vector<std::uint64_t> order = found;
  const auto last = order.begin() + (count - 1);
  std::nth_element(order.begin(), last, order.end(), std::greater<>());
  places.reserve(std::size_t(count));
  for (const std::uint64_t one : found)
    if (one >= *last) places.push_back(0xffffffffu - std::uint32_t(one));
  return places;
}

Places drawn_places(std::int64_t all, std::int64_t count, Stream stream) {
  // What is rarer is drawn, those that are chosen or those that are not, until there are enough different ones.
  const bool inverse = count > all / 2;
  std::vector<std::uint64_t> marks(std::size_t((all + 63) / 64), 0);
  for (std::int64_t left = inverse ? all - count : count; left > 0;) {
    const std::uint64_t place = stream.below(std::uint64_t(all));
    std::uint64_t& word = marks[place / 64];
    const std::uint64_t bit = std::uint64_t{1} << place % 64;
    left -= (word & bit) == 0;
    word |= bit;
  }
  Places places;
  places.reserve(std::size_t(count));
  for (std::int64_t first = 0; first < all; first += 64) {
    std::uint64_t word = marks[std::size_t(first / 64)];
    if (inverse) word = ~word;
    if (all - first < 64) word &= (std::uint64_t{1} << (all - first)) - 1;
    for (; word != 0; word &= word - 1) places.push_back(std::uint32_t(first + std::countr_zero(word)));
  }
  return places;
}

std::int64_t places_bytes(std::int64_t all, std::int64_t count) { return std::min(as_list(all, count), as_map(all)); }

void write_places(const Places& places, std::int64_t all, std::byte* out) {
  if (as_list(all, std::int64_t(places.size())) > as_map(all)) {
    for (const std::uint32_t place : places) out[place / 8] |= std::byte(1 << place % 8);
    return;
  }
  const std::int64_t bits = bits_of(all);
  std::uint64_t waiting = 0;  // bits that make no whole byte yet
  std::int64_t held = 0;
  for (const std::uint32_t place : places) {
    waiting |= std::uint64_t(place) << held;
    for (held += bits; held >= 8; held -= 8, waiting >>= 8) *out++ = std::byte(waiting & 0xff);
  }
  if (held > 0) *out = std::byte(waiting);
}

Places read_places(const std::byte* in, std::int64_t all, std::int64_t count) {
  Places places;
  places.reserve(std::size_t(count));
  if (as_list(all, count) > as_map(all)) {
    for (std::int64_t byte = 0; byte < as_map(all); ++byte)
      for (unsigned bits = unsigned(in[byte]); bits != 0; bits &= bits - 1)
        places.push_back(std::uint32_t(8 * byte + std::countr_zero(bits)));
  } else {
    const std::int64_t bits = bits_of(all);
    std::uint64_t waiting = 0;
    std::int64_t held = 0;
    for (std::int64_t j = 0; j < count; ++j) {
      for (; held < bits; held += 8) waiting |= std::uint64_t(*in++) << held;
      places.push_back(std::uint32_t(waiting & ((std::uint64_t{1} << bits) - 1)));
      waiting >>= bits, held -= bits;
    }
  }
  const bool ascending = std::ranges::adjacent_find(places, std::greater_equal<>()) == places.end();
  if (std::int64_t(places.size()) != count || !ascending || (count > 0 && std::int64_t(places.back()) >= all))
    return {};
  return places;
}

}  // namespace fedorbit
