#include "model/tokenizer/byte_spelling.hpp"

#include <algorithm>

namespace fedorbit {
namespace {

constexpr bool printable(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/// The code point that stands for each byte, at most U+0143.
const std::array<unsigned, 256>& code_points() {
  static const auto table = [] {
    std::array<unsigned, 256> out{};
    unsigned next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) out[byte] = printable(byte) ? byte : next++;
    return out;
  }();
  return table;
}

}  // namespace

const std::array<unsigned char, 256>& byte_order() {
  static const auto table = [] {
    std::array<unsigned char, 256> out{};
    for (unsigned i = 0; i < 256; ++i) out[i] = static_cast<unsigned char>(i);
    std::stable_partition(out.begin(), out.end(), [](unsigned char byte) { return printable(byte); });
    return out;
  }();
  return table;
}

std::string spell(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    const unsigned point = code_points()[static_cast<unsigned char>(byte)];
    if (point < 0x80) {
      out += char(point);
    } else {
      out += char(0xC0 | point >> 6);
      out += char(0x80 | (point & 0x3F));
    }
  }
  return out;
}

std::optional<std::string> unspell(std::string_view spelling) {
  std::string out;
  for (std::size_t i = 0; i < spelling.size(); ++i) {
    unsigned point = static_cast<unsigned char>(spelling[i]);
    if (point >= 0x80) {
      if ((point & 0xE0) != 0xC0 || i + 1 == spelling.size()) return std::nullopt;
      point = (point & 0x1F) << 6 | (static_cast<unsigned char>(spelling[++i]) & 0x3F);
    }
    const auto found = std::find(code_points().begin(), code_points().end(), point);
    if (found == code_points().end()) return std::nullopt;
    out += char(found - code_points().begin());
  }
  return out;
}

}  // namespace fedorbit
