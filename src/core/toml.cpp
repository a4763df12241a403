#include "core/toml.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fedorbit {
namespace {

// A dot in a key puts a table into a table, and the library goes through them by recursion. It bounds the depth of
// brackets, but not of dots.
constexpr std::ptrdiff_t most_dots = 5000;

}  // namespace

toml::table parse_toml(const std::string& words, const std::string& source) {
  const auto dots = std::ranges::count(words, '.');
  require(dots <= most_dots, source, " holds ", dots, " dots, more than the ", most_dots,
          " of the longest description.");
  try {
    return toml::parse(words, source);
  } catch (const toml::parse_error& error) {
    fail(source, ", line ", error.source().begin.line, ": ", error.description(), ".");
  }
}

}  // namespace fedorbit
