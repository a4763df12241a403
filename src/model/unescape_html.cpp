// HTML's character references (WHATWG HTML, section 13.5), as far as captions have them.
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "model/clean_text.hpp"

namespace fedorbit {
namespace {

/// The names of U+00A0 to U+00FF in their order.
constexpr std::array<std::string_view, 96> latin_names{
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",   "ordf",
    "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",   "acute",  "micro",
    "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave",
    "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",
    "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",
    "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute",
    "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave",
    "iacute", "icirc",  "iuml",   "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml"};

const std::unordered_map<std::string_view, std::uint32_t>& names() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::uint32_t> out{
        {"amp", '&'},       {"lt", '<'},       {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
        {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019},
        {"ldquo", 0x201C},  {"rdquo", 0x201D}, {"bull", 0x2022},  {"euro", 0x20AC},  {"trade", 0x2122},
        {"larr", 0x2190},   {"uarr", 0x2191},  {"rarr", 0x2192},  {"darr", 0x2193},  {"prime", 0x2032},
        {"le", 0x2264},     {"ge", 0x2265},    {"ne", 0x2260},    {"infin", 0x221E}, {"minus", 0x2212},
        {"alpha", 0x3B1},   {"beta", 0x3B2},   {"gamma", 0x3B3},  {"delta", 0x3B4},  {"lambda", 0x3BB},
        {"mu", 0x3BC},      {"pi", 0x3C0},     {"sigma", 0x3C3},  {"omega", 0x3C9},  {"Omega", 0x3A9}};
    for (std::size_t i = 0; i < latin_names.size(); ++i) out[latin_names[i]] = std::uint32_t(0xA0 + i);
    return out;
  }();
  return table;
}

void append_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += char(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  out += char(((0xFF00 >> (more + 1)) & 0xFF) | (c >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) out += char(0x80 | ((c >> (6 * i)) & 0x3F));
}

/// What stands between "&#" and ";" as a code point; one that is none becomes the replacement character.
std::optional<std::uint32_t> number(std::string_view digits) {
  const int base = !digits.empty() && (digits[0] == 'x' || digits[0] == 'X') ? 16 : 10;
  if (base == 16) digits.remove_prefix(1);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  const bool valid = error == std::errc() && value != 0 && value < 0x110000 && (value < 0xD800 || value > 0xDFFF);
  return valid ? value : 0xFFFD;
}

/// What stands between "&" and ";".
std::optional<std::uint32_t> code_point(std::string_view reference) {
  if (reference.starts_with('#')) return number(reference.substr(1));
  const auto found = names().find(reference);
  return found == names().end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::string unescape_html(std::string_view text) {
  constexpr std::size_t longest = 24;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t end = text[i] == '&' ? text.substr(0, i + longest).find(';', i) : text.npos;
    const auto point = end == text.npos ? std::nullopt : code_point(text.substr(i + 1, end - i - 1));
    if (point) {
      append_utf8(*point, out);
      i = end;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace fedorbit
