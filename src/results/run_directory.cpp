#include "results/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

constexpr const char* lock_name = "lock";

}  // namespace

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

// The system lets go of the lock when the process ends, however it ends. Some network file systems have no locks: there
// the run goes on without one.
void RunDirectory::lock() {
  const std::filesystem::path file = folder_ / lock_name;
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  require(lock_ >= 0, "the run directory ", folder_.string(),
          " cannot be written: ", std::generic_category().message(errno), ".");
  require(::flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK, "the run directory ", folder_.string(),
          " is in use by another run that is still at work; wait for it to end, or name another with -o.");
}

RunDirectory::Holding RunDirectory::open(const std::string& options_toml, bool restart) {
  namespace fs = std::filesystem;
  std::error_code failure;
  fs::create_directories(folder_, failure);
  require(!failure, "the run directory ", folder_.string(), " cannot be made: ", failure.message(), ".");
  require(fs::exists(folder_ / lock_name) || !fs::exists(options()), "the run directory ", folder_.string(),
          " holds a config.toml that no run has written; name another with -o.");
  lock();
  if (restart) {
    fs::remove(log(), failure);
    return Holding::nothing;
  }
  // A run that ended before it had anything to keep does not hold its folder: the next may have mended options.
  const bool kept = fs::exists(results()) || fs::exists(part_path(results())) || fs::exists(checkpoint());
  if (!kept) return Holding::nothing;
  require(fs::exists(options()), "the run directory ", folder_.string(),
          " holds results without their config.toml; name another with -o, or pass --restart to remove them.");
  require(read_file(options()) == options_toml, "the run directory ", folder_.string(),
          " holds another experiment (its config.toml differs); name another with -o, or pass --restart to remove it.");
  if (fs::exists(results())) return Holding::results;
  if (!fs::exists(checkpoint())) return Holding::nothing;
  require(fs::exists(part_path(results())), "the run directory ", folder_.string(), " holds a checkpoint without ",
          part_path(results()).filename().string(), "; bring that back, or pass --restart to begin anew.");
  return Holding::checkpoint;
}

void RunDirectory::begin(const std::string& options_toml) {
  std::error_code failure;
  // The last is what earlier runs called theirs.
  for (const std::filesystem::path& left :
       {checkpoint(), part_path(checkpoint()), results(), part_path(results()), copy_path(part_path(results())),
        model(), part_path(model()), folder_ / "prompts.safetensors"}) {
    std::filesystem::remove(left, failure);
    require(!failure, left.string(), " cannot be removed: ", failure.message(), ".");
  }
  write_file(options(), options_toml);
}

}  // namespace fedorbit
