#include "core/toml.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "core/error.hpp"

namespace fedorbit {
namespace {

// A dot in a key puts a table into a table, and the library goes through them by recursion. It bounds the depth of
// brackets, but not of dots.
constexpr std::ptrdiff_t most_dots = 5000;

/// "section.key" and its value.
void flatten(const toml::table& table, const std::string& prefix, std::map<std::string, std::string>& out) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      flatten(*inner, path + ".", out);
      continue;
    }
    out[path] = written(node);
  }
}

}  // namespace

std::string decimal(double value) {
  char buffer[32];
  std::string digits(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return digits.find_first_of(".en") == std::string::npos ? digits + ".0" : digits;
}

std::string written(const toml::node& value) {
  if (const auto* number = value.as_floating_point()) return decimal(number->get());
  std::ostringstream out;
  value.visit([&](const auto& shown) { out << shown; });
  return out.str();
}

std::vector<std::string> differences(const toml::table& there, const toml::table& here) {
  std::map<std::string, std::string> theirs, ours;
  flatten(there, "", theirs);
  flatten(here, "", ours);
  std::set<std::string> keys;
  for (const auto& [key, value] : theirs) keys.insert(key);
  for (const auto& [key, value] : ours) keys.insert(key);
  const auto value = [](const std::map<std::string, std::string>& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("unknown") : found->second;
  };
  std::vector<std::string> clauses;
  for (const std::string& key : keys)
    if (value(theirs, key) != value(ours, key))
      clauses.push_back(text(key, " is ", value(theirs, key), " there and ", value(ours, key), " here"));
  return clauses;
}

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
