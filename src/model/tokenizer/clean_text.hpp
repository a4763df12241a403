// Text as CLIP's tokenizer wants it before it looks for words.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace fedorbit {

/// What open_clip does to a caption, except for the repair of wrongly decoded text: HTML entities become characters,
/// typographic quotes, ligatures and full-width letters become plain ones, control characters go, the rest is composed
/// (NFC), white space becomes single spaces and letters become small. `text` is UTF-8; a sentence is thrown if not.
std::string clean_text(std::string_view text);

/// Every character reference resolved that a browser would: all of HTML's names, some without a semicolon, and numbers.
std::string unescape_html(std::string_view text);

/// Only references that end in a semicolon, as people write them who mean them; names in capitals that HTML has only in
/// small letters stand for the capital letter.
std::string unescape_whole_references(std::string_view text);

/// What a code point from 0x80 to 0x9F is in Windows-1252, which is where control characters in text come from.
std::uint32_t windows_1252(std::uint32_t code_point);

/// In capitals, as Unicode has them. UTF-8.
std::string upper_case(std::string_view text);

}  // namespace fedorbit
