// Where a run's numbers come from: versions, hosts, the batch system's job; no environment, which may hold secrets.
#pragma once
#include <map>
#include <string>

#include "comm/communicator.hpp"

namespace fedorbit {

/// Collective (hosts are gathered). Attributes of a results file, by name.
std::map<std::string, std::string> provenance_of_run(Communicator& communicator);

}  // namespace fedorbit
