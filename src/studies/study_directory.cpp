#include "studies/study_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/toml.hpp"
#include "core/version.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json as_json(const std::string& value) {
  const toml::table table = parse_toml("value = " + value, "a value of an axis");
  const toml::node& node = *table.get("value");
  if (const auto* whole = node.as_integer()) return whole->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* yes = node.as_boolean()) return yes->get();
  if (const auto* words = node.as_string()) return words->get();
  return value;
}

Json as_json(const std::vector<Choice>& choices) {
  Json object = Json::object();
  for (const Choice& choice : choices)
    object[choice.axis] = choice.axis == "method" ? Json(choice.word) : as_json(choice.value);
  return object;
}

/// The values that the run's own results must name.
Json options_of(const StudyRun& run) {
  Json object = Json::object();
  for (const auto* choices : {&run.settings, &run.repeats})
    for (const Choice& choice : *choices)
      if (choice.axis != "method" && choice.axis != "ranks") object[choice.axis] = as_json(choice.value);
  return object;
}

std::string listed(const Study& study) {
  Json runs = Json::array();
  for (const StudyRun& run : study.runs)
    runs.push_back({{"name", run.name},
                    {"settings", as_json(run.settings)},
                    {"repeats", as_json(run.repeats)},
                    {"options", options_of(run)},
                    {"ranks", run.ranks},
                    {"configuration", std::to_string(fingerprint(run.configuration))}});
  const Json all = {{"filetype", "fedorbit-study"}, {"version", 1}, {"name", study.name}, {"program_version", version},
                    {"program_commit", commit},     {"runs", runs}};
  return all.dump(1);
}

/// {name of a run: fingerprint of its configuration}, as an earlier call listed them.
std::map<std::string, std::string> read_list(const fs::path& file) {
  std::map<std::string, std::string> known;
  try {
    const Json all = Json::parse(read_file(file));
    for (const Json& run : all.at("runs")) known[run.at("name")] = run.at("configuration");
  } catch (const nlohmann::json::exception& cause) {
    fail(file.string(), " is not a list of runs as fedorbit study writes it: ", cause.what(), ".");
  }
  return known;
}

bool is_locked(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

constexpr const char* failure_name = "failure.txt";

}  // namespace

const char* in_words(RunState state) {
  constexpr std::array words{"not begun", "at work", "interrupted", "failed", "finished"};
  return words[std::size_t(state)];
}

std::vector<std::string> StudyDirectory::open() const {
  std::error_code failure;
  fs::create_directories(path_, failure);
  require(!failure, "the study's folder ", path_.string(), " cannot be made: ", failure.message(), ".");
  std::vector<std::string> added;
  if (fs::exists(list())) {
    std::map<std::string, std::string> known = read_list(list());
    for (const StudyRun& run : study_.runs) {
      const auto found = known.find(run.name);
      if (found == known.end() || found->second != std::to_string(fingerprint(run.configuration))) require_same(run);
      if (found == known.end())
        added.push_back(run.name);
      else
        known.erase(found);
    }
    if (!known.empty())
      require(!fs::exists(path_ / known.begin()->first), path_.string(), " holds the run ", known.begin()->first,
              known.size() > 1 ? text(" and ", known.size() - 1, " more") : "",
              ", which the study does not describe any more; name another folder with -o.");
  } else {
    for (const auto& entry : fs::directory_iterator(path_))
      require(entry.path().filename() == "study.lock", path_.string(), " is a folder that holds other things (",
              entry.path().filename().string(), "); name another with -o.");
  }
  write_file(path_ / "study.toml", study_.text);
  write_file(list(), listed(study_));
  return added;
}

void StudyDirectory::require_same(const StudyRun& run) const {
  // What the run itself has noted of its options (config.toml) has those settled that the study leaves to it.
  const bool described = fs::exists(configuration(run));
  require(described || !fs::exists(results(run)), path_.string(), " holds results of the run ", run.name,
          " without its ", configuration(run).filename().string(),
          ", and study.json does not know them as of the options that the study gives it; bring that file back, or name "
          "another folder with -o.");
  if (!described) return;
  const std::vector<std::string> clauses =
      differences(parse_toml(read_file(configuration(run)), configuration(run).string()),
                  parse_toml(run.configuration, "the study"));
  require(clauses.empty(), path_.string(), " holds the run ", run.name,
          " with other options: ", clauses.empty() ? "" : clauses.front(),
          clauses.size() > 1 ? text(", and ", clauses.size() - 1, " more differ") : "",
          "; name another folder with -o.");
}

RunState StudyDirectory::state(const StudyRun& run) const {
  if (fs::exists(results(run))) return RunState::finished;
  if (is_locked(folder(run) / "lock")) return RunState::at_work;
  if (fs::exists(folder(run) / failure_name)) return RunState::failed;
  if (fs::exists(part_path(results(run)))) return RunState::interrupted;
  return RunState::waiting;
}

std::string StudyDirectory::failure(const StudyRun& run) const { return read_file(folder(run) / failure_name); }

void StudyDirectory::write_failure(const StudyRun& run, const std::string& sentence) const {
  write_file(folder(run) / failure_name, sentence);
}

void StudyDirectory::clear_failure(const StudyRun& run) const { fs::remove(folder(run) / failure_name); }

}  // namespace fedorbit
