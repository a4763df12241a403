#include "core/words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>

#include "core/error.hpp"

namespace fedorbit {

std::string fixed(double value, int decimals) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << value;
  return out.str();
}

std::string percent(double share) { return fixed(std::floor(1000 * share + 0.5 + 1e-9) / 10, 1) + " %"; }

std::string percent(std::int64_t correct, std::int64_t total) {
  return total > 0 ? percent(double(correct) / double(total)) : "-";
}

std::string counted(std::int64_t count, std::string_view noun) {
  return text(count, " ", noun, count == 1 ? "" : noun.ends_with('s') ? "es" : "s");
}

std::string human_bytes(std::int64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = double(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fixed(value, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string human_seconds(double seconds) {
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  const auto whole = std::int64_t(std::llround(seconds));
  if (whole < 3600) return text(whole / 60, " min ", whole % 60, " s");
  return text(whole / 3600, " h ", whole % 3600 / 60, " min");
}

std::vector<std::string> listed(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::string_view part = list.substr(0, list.find(';'));
    list.remove_prefix(std::min(list.size(), part.size() + 1));
    if (const auto first = part.find_first_not_of(" \t\n"); first != part.npos)
      out.emplace_back(part.substr(first, part.find_last_not_of(" \t\n") - first + 1));
  }
  return out;
}

}  // namespace fedorbit
