// Text as CLIP's tokenizer wants it before it looks for words.
#pragma once
#include <string>
#include <string_view>

namespace fedorbit {

/// What open_clip does to a caption, except for the repair of wrongly decoded text: HTML entities become characters,
/// typographic quotes, ligatures and full-width letters become plain ones, control characters go, the rest is composed
/// (NFC), white space becomes single spaces and letters become small. `text` is UTF-8; a sentence is thrown if not.
std::string clean_text(std::string_view text);

/// The characters that HTML's entities stand for: numbers, and the names that Latin-1 and common typography have.
std::string unescape_html(std::string_view text);

}  // namespace fedorbit
