#include "studies/option_difference.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// One option a line, as OptionList::toml() writes them.
std::vector<std::string> lines_of(const std::string& toml) {
  std::istringstream words(toml);
  std::vector<std::string> lines;
  std::string section;
  for (std::string line; std::getline(words, line);) {
    if (line.starts_with('['))
      section = line.substr(1, line.find(']') - 1) + ".";
    else if (!line.empty())
      lines.push_back(section + line);
  }
  return lines;
}

}  // namespace

std::string option_difference(const std::string& there, const std::string& here) {
  const std::vector<std::string> before = lines_of(there), now = lines_of(here);
  std::string first;
  std::size_t others = 0;
  for (std::size_t i = 0; i < std::min(before.size(), now.size()); ++i) {
    if (before[i] == now[i]) continue;
    if (first.empty())
      first = text(before[i], " there, ", now[i].substr(now[i].find(" = ") + 3), " here");
    else
      ++others;
  }
  if (first.empty()) return "they are of another version of the program";
  return others > 0 ? text(first, ", and ", others, " more") : first;
}

}  // namespace fedorbit
