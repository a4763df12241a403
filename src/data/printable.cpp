#include "data/printable.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <array>
#include <cstdio>

namespace fedorbit {

bool is_utf8(std::string_view bytes) {
  UChar32 character = 0;
  for (std::int32_t at = 0; at < std::int32_t(bytes.size()) && character >= 0;)
    U8_NEXT(bytes.data(), at, std::int32_t(bytes.size()), character);
  return character >= 0;
}

std::string printable(std::string_view bytes) {
  std::string out;
  const auto length = std::int32_t(bytes.size());
  for (std::int32_t at = 0; at < length;) {
    const std::int32_t begin = at;
    UChar32 character = 0;
    U8_NEXT(bytes.data(), at, length, character);  // negative where the bytes are no character
    if (character >= 0 && !u_iscntrl(character)) {
      out += bytes.substr(std::size_t(begin), std::size_t(at - begin));
      continue;
    }
    for (std::int32_t i = begin; i < at; ++i) {
      std::array<char, 5> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned char>(bytes[std::size_t(i)]));
      out += escaped.data();
    }
  }
  return out;
}

}  // namespace fedorbit
