#include "algorithms/codecs/top_k.hpp"

#include <algorithm>
#include <cstring>

#include "algorithms/codecs/chosen.hpp"

namespace fedorbit {

std::int64_t TopKCodec::size(const Layout& layout) const {
  const std::int64_t all = layout.weights(Owner::shared), count = chosen_count(fraction_, all);
  return places_bytes(all, count) + raw_bytes(count);
}

void TopKCodec::write(const float* values, const Message& message, std::byte* out) const {
  const std::int64_t all = message.layout.weights(Owner::shared);
  const Places places = largest_places(values, all, chosen_count(fraction_, all));
  write_places(places, all, out);
  out += places_bytes(all, std::int64_t(places.size()));
  for (const std::uint32_t place : places) {
    std::memcpy(out, values + place, sizeof(float));
    out += sizeof(float);
  }
}

void TopKCodec::read(const std::byte* in, const Message& message, float* values) const {
  const std::int64_t all = message.layout.weights(Owner::shared), count = chosen_count(fraction_, all);
  const Places places = read_places(in, all, count);
  if (std::int64_t(places.size()) != count)
    refuse(message, name(), "its places are not ", count, " ascending ones below ", all);
  in += places_bytes(all, count);
  std::fill_n(values, all, 0.0f);
  for (const std::uint32_t place : places) {
    std::memcpy(values + place, in, sizeof(float));
    in += sizeof(float);
  }
}

}  // namespace fedorbit
