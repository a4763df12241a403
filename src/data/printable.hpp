// File names as texts: a file system takes any bytes, our files and terminals take UTF-8.
#pragma once
#include <string>
#include <string_view>

namespace fedorbit {

bool is_utf8(std::string_view bytes);

/// UTF-8 without control characters stays as it is; every other byte becomes \xHH.
std::string printable(std::string_view bytes);

}  // namespace fedorbit
