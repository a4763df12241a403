// What stands in a file's place when its content was never fetched.
#pragma once
#include <string_view>

namespace fedorbit {

/// What goes behind a file's name, as "is only ...; fetch ...", where it begins as Git LFS's pointer to the content or
/// as a web page does, or is a server's refusal; empty for all else.
std::string_view foreign_content(std::string_view first_bytes);

}  // namespace fedorbit
