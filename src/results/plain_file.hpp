// A results file that is written at once: tables that no run fills round by round.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "results/table.hpp"

namespace fedorbit {

/// Writes `path` whole or not at all: the rows that wait in the tables, and the attributes beside those of every
/// results file.
void write_tables(const std::filesystem::path& path, const std::vector<Table*>& tables,
                  const std::map<std::string, std::string>& attributes);

}  // namespace fedorbit
