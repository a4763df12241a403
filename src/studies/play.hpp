// A study at work: its runs on this machine, as many at once as cores allow.
#pragma once
#include <csignal>
#include <filesystem>

#include "studies/study_directory.hpp"

namespace fedorbit {

/// What is there when the study stops.
struct StudyOutcome {
  std::int64_t finished = 0;
  std::vector<std::string> failed;  // names
  bool interrupted = false;
};

/// Finished runs are skipped, interrupted ones go on, failed ones are tried again; a line in the log for each that
/// ends. A run that was killed goes on at once, at most twice. When `signal` is set, runs at work are asked to save and
/// end.
StudyOutcome play(const Study& study, const StudyDirectory& directory, const volatile std::sig_atomic_t& signal);

/// A line for each run: its state, and of a failed one its last sentence.
std::string states_in_words(const Study& study, const StudyDirectory& directory);

}  // namespace fedorbit
