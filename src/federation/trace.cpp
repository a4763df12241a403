#include "federation/trace.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// The numbers of a line, with white space around them or not; none where something else stands there.
std::vector<double> numbers_of(std::string_view line) {
  std::vector<double> numbers;
  for (;; line.remove_prefix(line.find(',') + 1)) {
    std::string_view word = line.substr(0, line.find(','));
    word.remove_prefix(std::min(word.find_first_not_of(" \t\r"), word.size()));
    word = word.substr(0, word.find_last_not_of(" \t\r") + 1);
    double number = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
    if (word.empty() || read.ec != std::errc() || read.ptr != word.data() + word.size() || !std::isfinite(number))
      return {};
    numbers.push_back(number);
    if (line.find(',') == line.npos) return numbers;
  }
}

/// Whether a first line names the columns, as tables of other programs begin.
bool is_heading(const std::string& line) { return line.starts_with("client,"); }

}  // namespace

void read_trace(const std::string& option, const std::filesystem::path& file, const std::string& form, bool several,
                const std::function<void(const TraceLine&)>& take) {
  std::ifstream lines(file);
  require(std::filesystem::is_regular_file(file) && bool(lines), option, ": ", file.string(), " cannot be read.");
  const auto columns = std::size_t(std::ranges::count(form, ',')) + 1;
  ClientId next = 0;  // the first client that has no line yet
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos || line.front() == '#' || (next == 0 && is_heading(line)))
      continue;
    const std::vector<double> numbers = numbers_of(line);
    require(numbers.size() == columns, file.string(), ", line ", number, ": \"", line, "\" is not `", form, "`.");
    const double client = numbers.front();
    require(client == double(next) || (several && next > 0 && client == double(next - 1)), file.string(), ", line ",
            number, ": client ", client, " stands where ", next,
            " should: clients come in order, from 0, and none is missing.");
    next = ClientId(client) + 1;
    take({ClientId(client), std::span(numbers).subspan(1), line});
  }
  require(next > 0, file.string(), " (", option, ") names no client.");
}

}  // namespace fedorbit
