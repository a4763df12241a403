#include "model/tokenizer/clean_text.hpp"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/ustring.h>

#include <unordered_map>

#include "core/error.hpp"

namespace fedorbit {
namespace {

icu::UnicodeString from_utf8(std::string_view text) {
  icu::UnicodeString out;
  if (text.empty()) return out;
  require(text.size() <= 1 << 30, "a text of ", text.size(), " bytes is too long.");
  UErrorCode error = U_ZERO_ERROR;
  std::int32_t length = 0;
  const auto capacity = std::int32_t(text.size());  // UTF-16 never has more units than UTF-8 has bytes
  u_strFromUTF8(out.getBuffer(capacity), capacity, &length, text.data(), capacity, &error);
  out.releaseBuffer(U_FAILURE(error) ? 0 : length);
  require(U_SUCCESS(error), "a text is not UTF-8: '", text, "'.");
  return out;
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

/// Calls `each` for every code point, which appends what it wants to the result.
template <class Each>
icu::UnicodeString rewritten(const icu::UnicodeString& text, const Each& each) {
  icu::UnicodeString out;
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) each(text.char32At(i), out);
  return out;
}

const icu::Normalizer2& normaliser(bool compatible) {
  UErrorCode error = U_ZERO_ERROR;
  const auto* out = compatible ? icu::Normalizer2::getNFKCInstance(error) : icu::Normalizer2::getNFCInstance(error);
  require(U_SUCCESS(error), "the ICU library has no normalisation data.");
  return *out;
}

icu::UnicodeString normalised(const icu::UnicodeString& text, bool compatible) {
  UErrorCode error = U_ZERO_ERROR;
  icu::UnicodeString out = normaliser(compatible).normalize(text, error);
  require(U_SUCCESS(error), "the ICU library could not normalise a text.");
  return out;
}

bool is_control(UChar32 c) {
  return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || (c >= 0x206A && c <= 0x206F) ||
         c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

/// Two letters in one character, as typesetters and some code pages had them.
const std::unordered_map<UChar32, const char*>& ligatures() {
  static const std::unordered_map<UChar32, const char*> table{
      {0x132, "IJ"},   {0x133, "ij"},   {0x149, "ʼn"},  {0x1F1, "DZ"},  {0x1F2, "Dz"},  {0x1F3, "dz"},
      {0x1C4, "DŽ"},   {0x1C5, "Dž"},   {0x1C6, "dž"},  {0x1C7, "LJ"},  {0x1C8, "Lj"},  {0x1C9, "lj"},
      {0x1CA, "NJ"},   {0x1CB, "Nj"},   {0x1CC, "nj"},  {0xFB00, "ff"}, {0xFB01, "fi"}, {0xFB02, "fl"},
      {0xFB03, "ffi"}, {0xFB04, "ffl"}, {0xFB05, "ſt"}, {0xFB06, "st"}};
  return table;
}

/// The escape sequences that colour terminals: ESC [ digits and semicolons, a letter.
icu::UnicodeString without_colours(const icu::UnicodeString& text) {
  icu::UnicodeString out;
  for (std::int32_t i = 0; i < text.length(); ++i) {
    if (text[i] == 0x1B && text[i + 1] == u'[') {
      std::int32_t end = i + 2;
      while (end < text.length() && (u_isdigit(text[end]) || text[end] == u';')) ++end;
      const char16_t last = end < text.length() ? char16_t(text[end] | 0x20) : u' ';
      if (last >= u'a' && last <= u'z') {
        i = end;
        continue;
      }
    }
    out.append(text[i]);
  }
  return out;
}

void plain_letter(UChar32 given, icu::UnicodeString& out) {
  const auto c = UChar32(windows_1252(std::uint32_t(given)));
  if (const auto found = ligatures().find(c); found != ligatures().end()) {
    // The digraph for an apostrophe and n gives a letter that the next rule makes an apostrophe.
    rewritten(icu::UnicodeString::fromUTF8(found->second),
              [&](UChar32 part, icu::UnicodeString&) { out.append(part == 0x2BC ? UChar32('\'') : part); });
  } else if (c == 0x3000 || (c >= 0xFF01 && c <= 0xFFEF)) {
    out.append(normalised(icu::UnicodeString(c), true));
  } else if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) {
    out.append(u'\'');
  } else if (c >= 0x201C && c <= 0x201F) {
    out.append(u'"');
  } else if (!is_control(c)) {
    out.append(c);
  }
}

icu::UnicodeString with_single_spaces(const icu::UnicodeString& text) {
  bool pending = false;
  return rewritten(text, [&](UChar32 c, icu::UnicodeString& out) {
    if (u_isUWhiteSpace(c)) {
      pending = !out.isEmpty();
      return;
    }
    if (pending) out.append(u' ');
    pending = false;
    out.append(c);
  });
}

/// One line of a text, until nothing changes any more.
icu::UnicodeString repaired(icu::UnicodeString now, bool with_references) {
  for (icu::UnicodeString before; before != now;) {
    before = now;
    if (with_references) now = from_utf8(unescape_whole_references(to_utf8(now)));
    now = normalised(rewritten(without_colours(now), plain_letter), false);
  }
  return now;
}

}  // namespace

std::string upper_case(std::string_view text) { return to_utf8(from_utf8(text).toUpper(icu::Locale::getRoot())); }

std::string clean_text(std::string_view text) {
  const icu::UnicodeString whole = from_utf8(text);
  icu::UnicodeString now;
  // From its first bracket on, a text may be HTML itself, whose references are left alone at first.
  bool with_references = true;
  for (std::int32_t begin = 0, end = 0; begin < whole.length(); begin = end) {
    const std::int32_t line_break = whole.indexOf(u'\n', begin);
    end = line_break < 0 ? whole.length() : line_break + 1;
    const icu::UnicodeString line = whole.tempSubStringBetween(begin, end);
    with_references = with_references && line.indexOf(u'<') < 0;
    now.append(repaired(line, with_references));
  }
  now = from_utf8(unescape_html(unescape_html(to_utf8(now))));
  return to_utf8(with_single_spaces(now).toLower(icu::Locale::getRoot()));
}

}  // namespace fedorbit
