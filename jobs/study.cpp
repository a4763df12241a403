// `fedorbit study`: many runs from one file, on this machine.
#include <unistd.h>

#include <cstdlib>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "core/words.hpp"
#include "io/file_lock.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "studies/play.hpp"

namespace fedorbit {
namespace {

struct Arguments {
  std::string file, directory;
  bool dry = false, status = false, quiet = false;
};

/// Returns the exit code.
int study(const Arguments& arguments) {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK"})
    require(std::getenv(variable) == nullptr,
            "fedorbit study starts the ranks of its runs itself; call it without mpirun.");
  const Study study = read_study(arguments.file);
  const StudyDirectory directory(arguments.directory.empty() ? "studies/" + study.name : arguments.directory, study);
  if (arguments.status) {
    std::puts(states_in_words(study, directory).c_str());
    return 0;
  }
  if (arguments.dry) {
    for (const StudyRun& run : study.runs)
      std::printf("%s  %s\n", run.name.c_str(), counted(run.ranks, "rank").c_str());
    std::printf("%s: %s in %s\n", study.name.c_str(), counted(std::int64_t(study.runs.size()), "run").c_str(),
                directory.path().c_str());
    return 0;
  }
  watch_signals();
  std::filesystem::create_directories(directory.path());
  const auto lock = FileLock::take(directory.path().string() + "/study");
  require(lock.has_value(), "another fedorbit study is at work in ", directory.path().string(), ".");
  const std::vector<std::string> added = directory.open();
  log::start(arguments.quiet ? log::Level::quiet : log::Level::normal, directory.path() / "log.txt");
  if (!added.empty() && added.size() < study.runs.size())
    log::info("new in this study: ", counted(std::int64_t(added.size()), "run"), ", the first ", added.front());
  const StudyOutcome outcome = play(study, directory, signal_received);
  if (outcome.interrupted) {
    log::info("interrupted; the same command goes on from there.");
    return resumable;
  }
  log::info(
      study.name, ": ", outcome.finished, " of ", counted(std::int64_t(study.runs.size()), "run"), " finished",
      outcome.failed.empty() ? "" : text(", ", outcome.failed.size(), " failed, the first ", outcome.failed.front()));
  log::info("its table: analysis/report table ", directory.path().string());
  return outcome.failed.empty() ? 0 : 1;
}

}  // namespace

void add_study(CLI::App& program) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* job =
      program.add_subcommand("study", "Runs all combinations of settings and repeats that a file describes.");
  job->add_option("study", arguments->file, "STUDY.toml: base, settings, repeats")->required();
  job->add_option("-o,--output", arguments->directory,
                  "the study's folder (default: studies/NAME); the same command goes on");
  job->add_flag("--dry-run", arguments->dry, "list the runs, and start none");
  job->add_flag("--status", arguments->status, "list the runs and what became of them");
  job->add_flag("-q,--quiet", arguments->quiet, "warnings only");
  job->callback([arguments] {
    if (const int code = study(*arguments); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
