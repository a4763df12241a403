#include "results/run_directory.hpp"

#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {

RunDirectory::Holding RunDirectory::open(const std::string& options_toml, bool restart) const {
  namespace fs = std::filesystem;
  std::error_code failure;
  fs::create_directories(folder_, failure);
  require(!failure, "the run directory ", folder_.string(), " cannot be made: ", failure.message(), ".");
  if (restart)
    for (const fs::path& left : {options(), log(), results(), part_path(results()), checkpoint(), prompts()}) {
      fs::remove(left, failure);
      require(!failure, left.string(), " cannot be removed: ", failure.message(), ".");
    }
  const bool started = fs::exists(options());
  require(started || (!fs::exists(results()) && !fs::exists(checkpoint())), "the run directory ", folder_.string(),
          " holds results without their config.toml; name another with -o, or pass --restart to remove them.");
  if (!started) {
    write_file(options(), options_toml);
    return Holding::nothing;
  }
  require(read_file(options()) == options_toml, "the run directory ", folder_.string(),
          " holds another experiment (its config.toml differs); name another with -o, or pass --restart to remove it.");
  if (fs::exists(results())) return Holding::results;
  return fs::exists(checkpoint()) && fs::exists(part_path(results())) ? Holding::checkpoint : Holding::nothing;
}

}  // namespace fedorbit
