#include "algorithms/codecs/random_k.hpp"

#include <algorithm>
#include <cstring>

#include "algorithms/codecs/chosen.hpp"

namespace fedorbit {

std::int64_t RandomKCodec::size(const Layout& layout) const {
  return raw_bytes(chosen_count(fraction_, layout.weights(Owner::shared)));
}

// Read n / k times too large, k of n numbers leave (n / k - 1)^2 of their squares, and the others all of theirs.
std::string RandomKCodec::why_no_feedback(const Layout& layout) const {
  const std::int64_t all = layout.weights(Owner::shared), count = chosen_count(fraction_, all);
  if (!unbiased_ || 2 * count > all) return {};
  return text(
      "random_k.unbiased = true reads ", count, " of ", all,
      " numbers so much larger that more is lost than is said, and what is kept of it would grow; leave it out");
}

void RandomKCodec::write(const float* values, const Message& message, std::byte* out) const {
  const std::int64_t all = message.layout.weights(Owner::shared);
  for (const std::uint32_t place : drawn_places(all, chosen_count(fraction_, all), message.stream())) {
    std::memcpy(out, values + place, sizeof(float));
    out += sizeof(float);
  }
}

void RandomKCodec::read(const std::byte* in, const Message& message, float* values) const {
  const std::int64_t all = message.layout.weights(Owner::shared), count = chosen_count(fraction_, all);
  const float factor = unbiased_ && count > 0 ? float(double(all) / double(count)) : 1;
  std::fill_n(values, all, 0.0f);
  for (const std::uint32_t place : drawn_places(all, count, message.stream())) {
    float value;
    std::memcpy(&value, in, sizeof value);
    values[place] = value * factor;
    in += sizeof value;
  }
}

}  // namespace fedorbit
