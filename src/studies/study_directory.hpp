// The folder of a study: STUDY.toml as it was, the list of its runs, and a folder for each run.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "studies/study.hpp"

namespace fedorbit {

enum class RunState { waiting, at_work, interrupted, failed, finished };
/// "not begun", "at work", ...
const char* in_words(RunState state);

class StudyDirectory {
 public:
  StudyDirectory(std::filesystem::path path, const Study& study) : path_(std::move(path)), study_(study) {}

  /// Makes the folder, or goes on with one that holds this study; returns the names of runs that are new to it. A study
  /// that lacks runs which are there, or describes one of them otherwise, is refused with its name and the option.
  std::vector<std::string> open() const;

  RunState state(const StudyRun& run) const;
  /// The last sentence of a failed run.
  std::string failure(const StudyRun& run) const;
  void write_failure(const StudyRun& run, const std::string& sentence) const;
  void clear_failure(const StudyRun& run) const;

  std::filesystem::path list() const { return path_ / "study.json"; }
  std::filesystem::path folder(const StudyRun& run) const { return path_ / run.name; }
  std::filesystem::path results(const StudyRun& run) const { return folder(run) / "results.h5"; }
  /// What `fedorbit run` is given: all options.
  std::filesystem::path configuration(const StudyRun& run) const { return folder(run) / "run.toml"; }
  /// What the run printed.
  std::filesystem::path output(const StudyRun& run) const { return folder(run) / "output.txt"; }
  const std::filesystem::path& path() const { return path_; }

 private:
  /// Throws where the run is there with other options, or its results are and nothing says of which.
  void require_same(const StudyRun& run) const;

  std::filesystem::path path_;
  const Study& study_;
};

}  // namespace fedorbit
