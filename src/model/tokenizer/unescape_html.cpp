// HTML's character references (WHATWG HTML, section 13.5), as a browser reads them and as careful people write them.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "model/tokenizer/clean_text.hpp"
#include "model/tokenizer/html_names.hpp"

namespace fedorbit {
namespace {

void append_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += char(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  out += char(((0xFF00 >> (more + 1)) & 0xFF) | (c >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) out += char(0x80 | ((c >> (6 * i)) & 0x3F));
}

/// Each name as the standard has it, most with a semicolon, and its characters in UTF-8.
const std::unordered_map<std::string_view, std::string>& known_names() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::string> out;
    constexpr std::string_view space = " \n";
    std::string_view rest = html_names;
    while (rest.remove_prefix(std::min(rest.find_first_not_of(space), rest.size())), !rest.empty()) {
      const std::string_view entry = rest.substr(0, rest.find_first_of(space));
      const auto equals = entry.find('=');
      std::string& characters = out[entry.substr(0, equals)];
      for (const char* at = entry.data() + equals; at < entry.data() + entry.size();) {
        std::uint32_t point = 0;
        at = std::from_chars(at + 1, entry.data() + entry.size(), point, 16).ptr;
        append_utf8(point, characters);
      }
      rest.remove_prefix(entry.size());
    }
    return out;
  }();
  return table;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What a number stands for: C1 controls are Windows-1252's characters, what is no character is left out.
std::string numbered(std::uint32_t point) {
  std::string out;
  const std::uint32_t meant = windows_1252(point);
  if (point == 0 || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) {
    append_utf8(0xFFFD, out);
  } else if (meant != point || point == 0x0D || point == 0x81 || point == 0x8D || point == 0x8F || point == 0x90 ||
             point == 0x9D) {
    append_utf8(meant, out);
  } else if (!((point >= 1 && point <= 8) || point == 0x0B || (point >= 0x0E && point <= 0x1F) || point == 0x7F ||
               (point >= 0xFDD0 && point <= 0xFDEF) || (point & 0xFFFE) == 0xFFFE)) {
    append_utf8(point, out);
  }
  return out;
}

struct Reference {
  std::string characters;
  std::size_t length;  // of what they replace, after the ampersand
};

/// A number after "&#"; a semicolon belongs to it, but need not be there.
std::optional<Reference> number_at(std::string_view text) {
  const bool hexadecimal = text.size() > 1 && (text[1] == 'x' || text[1] == 'X');
  const std::size_t begin = hexadecimal ? 2 : 1;
  std::size_t end = begin;
  while (end < text.size() && (hexadecimal ? is_hexadecimal(text[end]) : is_digit(text[end]))) ++end;
  if (end == begin) return std::nullopt;
  std::uint32_t point = 0;
  const auto result = std::from_chars(text.data() + begin, text.data() + end, point, hexadecimal ? 16 : 10);
  if (result.ec != std::errc()) point = UINT32_MAX;  // too large for any character
  return Reference{numbered(point), end + (end < text.size() && text[end] == ';')};
}

/// The longest name that `text` begins with. It must end within 32 characters, before the next mark or space.
std::optional<Reference> name_at(std::string_view text) {
  std::size_t end = 0;
  for (int characters = 0; end < text.size() && std::string_view("\t\n\f <&#;").find(text[end]) == text.npos; ++end)
    if ((text[end] & 0xC0) != 0x80 && ++characters > 32) break;
  if (end < text.size() && text[end] == ';') ++end;
  for (; end > 1; --end)
    if (const auto found = known_names().find(text.substr(0, end)); found != known_names().end())
      return Reference{found->second, end};
  return std::nullopt;
}

template <class At>
std::string replaced(std::string_view text, const At& at) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto reference = text[i] == '&' ? at(text.substr(i + 1)) : std::nullopt;
    if (reference) {
      out += reference->characters;
      i += reference->length;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<Reference> reference_at(std::string_view text) {
  if (text.starts_with('#')) return number_at(text);
  return name_at(text);
}

/// At most 24 letters and digits and a semicolon.
std::optional<Reference> whole_reference_at(std::string_view text) {
  const std::size_t begin = text.starts_with('#');
  std::size_t end = begin;
  while (end < text.size() && (is_digit(text[end]) || is_letter(text[end]))) ++end;
  if (end == begin || end - begin > 24 || end == text.size() || text[end] != ';') return std::nullopt;
  const std::string_view whole = text.substr(0, end + 1);
  if (begin == 1) {
    const auto number = number_at(whole);
    return number && number->length == whole.size() && number->characters != ";" ? number : std::nullopt;
  }
  if (const auto found = known_names().find(whole); found != known_names().end())
    return Reference{found->second, whole.size()};
  if (name_at(whole)) return std::nullopt;
  std::string small(whole);
  for (char& c : small) {
    if (c >= 'a' && c <= 'z') return std::nullopt;
    if (is_letter(c)) c = char(c | 0x20);
  }
  const auto found = known_names().find(small);
  if (found == known_names().end()) return std::nullopt;
  return Reference{upper_case(found->second), whole.size()};
}

}  // namespace

std::uint32_t windows_1252(std::uint32_t c) {
  static constexpr char16_t table[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                         0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                         0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                         0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  return c >= 0x80 && c <= 0x9F ? table[c - 0x80] : c;
}

std::string unescape_html(std::string_view text) { return replaced(text, reference_at); }

std::string unescape_whole_references(std::string_view text) { return replaced(text, whole_reference_at); }

}  // namespace fedorbit
