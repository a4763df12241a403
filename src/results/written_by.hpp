// Which command wrote a results file: each fills other tables of it.
#pragma once
#include <filesystem>
#include <string>

namespace fedorbit {

/// "run", "evaluate", "bench-comm" or "links"; empty for a results file that none of them wrote.
std::string results_written_by(const std::filesystem::path& results);

}  // namespace fedorbit
