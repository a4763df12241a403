// A short number that stands for a text, so that ranks can compare what they hold.
#pragma once
#include <cstdint>
#include <string_view>

namespace fedorbit {

/// FNV-1a, 64 bits (Fowler, Noll and Vo). Not for security.
inline std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char letter : text) hash = (hash ^ std::uint8_t(letter)) * 0x100000001b3u;
  return hash;
}

}  // namespace fedorbit
