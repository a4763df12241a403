#include "core/home.hpp"

#include <cstdlib>

#include "core/error.hpp"

namespace fedorbit {

std::string from_home(const std::string& path) {
  if (!path.starts_with("~/")) return path;
  const char* home = std::getenv("HOME");
  require(home && *home, path, " begins with the home folder, but HOME is not set.");
  return text(home, path.substr(1));
}

std::string word_from_home(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == word.npos || word.starts_with("~/")) return from_home(word);
  return word.substr(0, equals + 1) + from_home(word.substr(equals + 1));
}

}  // namespace fedorbit
