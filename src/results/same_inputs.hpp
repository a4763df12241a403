// Whether a run finds the inputs that its results were begun with, by their checksums.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "federation/observer.hpp"

namespace fedorbit {

/// Throws where an input of the run is another than `begun` says, which was recorded in `file`: attributes of a results
/// file by their names. What the run has no checksum of, yet, is not compared.
void require_same_inputs(const RunRecord& run, const std::map<std::string, std::string>& begun,
                         const std::filesystem::path& file);

/// The same of a finished run's results file; what earlier versions did not record there is not compared.
void require_same_inputs(const RunRecord& run, const std::filesystem::path& results);

}  // namespace fedorbit
