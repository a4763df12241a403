// How a command of this program is started on this machine, alone or on several ranks.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "studies/process.hpp"

namespace fedorbit {

/// Cores that this process may use.
std::int64_t usable_cores();

/// Starts `words` (a subcommand and its arguments) of this program. Ranks are not bound to cores, since several runs
/// share the machine and Open MPI would bind each to the first ones.
Process launch(const std::vector<std::string>& words, std::int64_t ranks, std::int64_t threads,
               const std::filesystem::path& output);

/// The last sentence that a program printed, without what a launcher wrote around it.
std::string last_sentence(const std::filesystem::path& output);

}  // namespace fedorbit
