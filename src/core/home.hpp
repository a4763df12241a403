// "~/" at the beginning of a path, which shells expand at the beginning of a word alone, and configurations never.
#pragma once
#include <string>

namespace fedorbit {

/// "~/x" as HOME/x; all else as it is. Throws where HOME is not set.
std::string from_home(const std::string& path);

/// The same of a word of a command line, and of what follows its first equals sign: "--output=~/x", "name=~/x".
std::string word_from_home(const std::string& word);

}  // namespace fedorbit
