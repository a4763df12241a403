// TOML, read the same way wherever it is read.
#pragma once
#include <toml++/toml.h>

#include <string>

namespace fedorbit {

/// The table that `words` describe; errors name `source` and the line.
toml::table parse_toml(const std::string& words, const std::string& source);

}  // namespace fedorbit
