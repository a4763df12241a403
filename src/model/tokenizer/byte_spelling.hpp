// How CLIP's vocabulary files spell bytes: printable characters as themselves, the others as letters from U+0100 on.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace fedorbit {

/// The bytes in the order of their ids: printable ones first.
const std::array<unsigned char, 256>& byte_order();

/// Any bytes in that spelling, as UTF-8, and back; nothing comes back from what is not such a spelling.
std::string spell(std::string_view bytes);
std::optional<std::string> unspell(std::string_view spelling);

}  // namespace fedorbit
