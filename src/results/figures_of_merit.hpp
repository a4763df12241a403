// What harnesses of benchmarks read of a run: lines "FOM name=value unit".
#pragma once
#include <filesystem>
#include <string>

namespace fedorbit {

/// Of a finished run's results file, one line each: the latest accuracy of every view, rounds, federated bytes, seconds
/// by phase. They are the whole run's, however often it was interrupted.
std::string figures_of_merit(const std::filesystem::path& results);

}  // namespace fedorbit
