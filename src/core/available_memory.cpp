#include "core/available_memory.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// The number after a word of a file of "word number" lines.
std::optional<double> number_of(const std::filesystem::path& file, const std::string& word) {
  std::ifstream lines(file);
  for (std::string name, rest; lines >> name; std::getline(lines, rest))
    if (double value = 0; name == word && lines >> value) return value;
  return {};
}

/// A file that holds one number; nothing for "max" or where there is no such file.
std::optional<double> number_in(const std::filesystem::path& file) {
  std::ifstream content(file);
  double value = 0;
  return content >> value ? std::optional(value) : std::nullopt;
}

/// The names that the two versions of control groups give to the same numbers.
struct GroupFiles {
  const char *limit, *usage, *cache[2];
};
constexpr GroupFiles first{
    "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}};
constexpr GroupFiles second{"memory.max", "memory.current", {"inactive_file", "active_file"}};

/// What a group and all those around it leave: limits less usage, to which cached files do not count.
std::optional<double> left_in(const std::filesystem::path& mount, std::filesystem::path group,
                              const GroupFiles& files) {
  std::optional<double> left;
  for (group = group.relative_path();; group = group.parent_path()) {
    const std::filesystem::path folder = mount / group;
    const auto limit = number_in(folder / files.limit), usage = number_in(folder / files.usage);
    if (limit && usage) {
      double here = *limit - *usage;
      for (const char* cached : files.cache) here += number_of(folder / "memory.stat", cached).value_or(0);
      left = std::max(0.0, std::min(left.value_or(here), here));
    }
    if (group.empty()) return left;
  }
}

}  // namespace

std::optional<double> available_memory(const std::filesystem::path& root) {
  std::optional<double> available = number_of(root / "proc/meminfo", "MemAvailable:");
  if (available) *available *= 1024;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // number:controllers:path
    const auto from = line.find(':'), to = line.find(':', from + 1);
    if (from == line.npos || to == line.npos) continue;
    const std::string controllers = text(",", line.substr(from + 1, to - from - 1), ","), group = line.substr(to + 1);
    std::optional<double> left;
    if (controllers == ",,") left = left_in(root / "sys/fs/cgroup", group, second);
    if (controllers.find(",memory,") != controllers.npos) left = left_in(root / "sys/fs/cgroup/memory", group, first);
    if (left) available = std::min(available.value_or(*left), *left);
  }
  return available;
}

}  // namespace fedorbit
