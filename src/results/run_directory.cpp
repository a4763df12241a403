#include "results/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "core/error.hpp"
#include "core/toml.hpp"
#include "io/file.hpp"
#include "io/h5.hpp"
#include "results/resume.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

constexpr const char *lock_name = "lock", *old_model_name = "prompts.safetensors";

/// The first three, and how many more there are.
std::string some_of(const std::vector<std::string>& clauses) {
  std::string words;
  for (std::size_t i = 0; i < std::min<std::size_t>(clauses.size(), 3); ++i) words += (i > 0 ? ", " : "") + clauses[i];
  return clauses.size() > 3 ? text(words, ", and ", clauses.size() - 3, " more differ") : words;
}

/// Throws where an option names one of these files, which a run writes anew: what it reads would be lost.
void require_apart(const toml::table& options, const std::string& prefix,
                   std::initializer_list<std::filesystem::path> written) {
  for (const auto& [key, value] : options) {
    const std::string name = prefix + std::string(key.str());
    if (const toml::table* section = value.as_table()) require_apart(*section, name + ".", written);
    const auto words = value.value<std::string>();
    std::error_code nothing_there;
    for (const std::filesystem::path& file : written)
      require(!words || !std::filesystem::equivalent(*words, file, nothing_there), name, " = ", words.value_or(""),
              " is a file that a run in that folder writes anew; copy it elsewhere, or name another folder with -o.");
  }
}

/// The options without those of which no number depends: a run may go on in another place, with other room.
toml::table telling(toml::table options) {
  if (toml::table* machine = options["machine"].as_table())
    for (const char* place : {"readers", "image_memory", "client_memory", "scratch"}) machine->erase(place);
  return options;
}

void remove(const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& file : files) {
    std::error_code failure;
    std::filesystem::remove(file, failure);
    require(!failure, file.string(), " cannot be removed: ", failure.message(), ".");
  }
}

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

// A copy of a run's folder may have no lock in it.
bool RunDirectory::of_these_options() const {
  try {
    const std::string words = read_file(options());
    if (std::filesystem::exists(results()))
      return h5::File::open(results()).text_attribute(schema::attribute::options) == words;
    return std::filesystem::exists(checkpoint()) && Checkpoint::read(checkpoint()).options_toml == words;
  } catch (const Error&) {  // what is there is no run's, or cannot be read
    return false;
  }
}

RunDirectory::Holding RunDirectory::open(const std::string& options_toml, bool restart) {
  namespace fs = std::filesystem;
  std::error_code failure;
  fs::create_directories(folder_, failure);
  require(!failure, "the run directory ", folder_.string(), " cannot be made: ", failure.message(), ".");
  require(fs::exists(folder_ / lock_name) || !fs::exists(options()) || of_these_options(), "the run directory ",
          folder_.string(), " holds a config.toml that no run has written; name another with -o.");
  lock();
  require_apart(parse_toml(options_toml, "the options"), "",
                {split(), model(), results(), checkpoint(), log(), folder_ / old_model_name});
  if (restart) {
    fs::remove(log(), failure);
    return Holding::nothing;
  }
  // A run that ended before it had anything to keep does not hold its folder: the next may have mended options.
  const bool stopped = fs::exists(checkpoint()) || fs::exists(Checkpoint::previous(checkpoint()));
  const bool kept = fs::exists(results()) || fs::exists(part_path(results())) || stopped;
  if (!kept) return Holding::nothing;
  require(fs::exists(options()), "the run directory ", folder_.string(),
          " holds results without their config.toml; name another with -o, or pass --restart to remove them.");
  const std::vector<std::string> differ = differences(telling(parse_toml(read_file(options()), options().string())),
                                                      telling(parse_toml(options_toml, "the options")));
  require(differ.empty(), "the run directory ", folder_.string(), " holds another experiment: ", some_of(differ),
          "; name another with -o, or pass --restart to remove it.");
  if (fs::exists(results())) return Holding::results;
  if (!stopped) return Holding::nothing;
  require(fs::exists(journal()), "the run directory ", folder_.string(), " holds a checkpoint without ",
          journal().filename().string(), "; bring that back, or pass --restart to begin anew.");
  return Holding::checkpoint;
}

void RunDirectory::begin(const std::string& options_toml) {
  // First the older checkpoint, which would be gone on from; the last is what earlier runs called their model.
  remove({Checkpoint::previous(checkpoint()), checkpoint(), results(), model(), part_path(model()), split(),
          folder_ / old_model_name});
  finish();
  write_file(options(), options_toml);
}

void RunDirectory::finish() {
  remove({Checkpoint::previous(checkpoint()), damaged_path(checkpoint()), part_path(checkpoint())});
  remove(Recorder::working_files(results()));
}

}  // namespace fedorbit
