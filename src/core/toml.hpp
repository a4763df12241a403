// TOML, read the same way wherever it is read.
#pragma once
#include <toml++/toml.h>

#include <string>
#include <vector>

namespace fedorbit {

/// The table that `words` describe; errors name `source` and the line.
toml::table parse_toml(const std::string& words, const std::string& source);

/// The shortest decimal that reads back as the same number, always with a point or an exponent.
std::string decimal(double value);
/// A value as it would be written in a file.
std::string written(const toml::node& value);

/// A clause for each key whose value is not the same in both: "training.rounds is 50 there and 3 here".
std::vector<std::string> differences(const toml::table& there, const toml::table& here);

}  // namespace fedorbit
