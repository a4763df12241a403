// The names that HTML gives to characters.
#pragma once
#include <string_view>

namespace fedorbit {

/// NAME=HEX[,HEX] in order of names, with white space between; names end in a semicolon where HTML demands one.
extern const std::string_view html_names;

}  // namespace fedorbit
