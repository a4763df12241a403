// Files that say something of every client, in lines of numbers: traces of links and of availability.
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "core/client_id.hpp"

namespace fedorbit {

/// A line of a trace; `line` is quoted where it is wrong.
struct TraceLine {
  ClientId client;
  std::span<const double> numbers;  // that follow the client
  const std::string& line;
};

/// Lines "client,number,..." in the order of clients, from 0 on, none left out; `several`: a client may have more than
/// one. Empty lines and those that begin with # say nothing. Calls `take` with each. Throws where the file, which
/// `option` names, cannot be read, or a line is not of `form`, whose columns it has.
void read_trace(const std::string& option, const std::filesystem::path& file, const std::string& form, bool several,
                const std::function<void(const TraceLine&)>& take);

}  // namespace fedorbit
