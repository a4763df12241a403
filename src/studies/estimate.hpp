// How long runs will take, from those that are done or from a timed one.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "studies/study.hpp"

namespace fedorbit {

/// Seconds on the clock, of one run alone with its ranks and threads.
class Estimate {
 public:
  /// What a finished run took: `outside` its rounds, and in each round. Runs of one setting are alike.
  void learn(const StudyRun& run, double outside, double a_round);
  /// The same from a results file, of whose start and end nothing is known.
  void learn(const StudyRun& run, const std::filesystem::path& results);
  bool knows(const StudyRun& run) const { return of_setting_.contains(setting(run)); }
  /// From its setting's runs, else from the mean of all that are known; nothing where none is.
  std::optional<double> seconds(const StudyRun& run) const;

 private:
  struct Sum {
    double outside = 0, a_round = 0, count = 0;
    double seconds(double rounds) const { return (outside + a_round * rounds) / count; }
  };
  static std::string setting(const StudyRun& run);

  std::map<std::string, Sum> of_setting_;
  Sum of_all_;
};

/// Mean seconds of a round in a finished run's results file.
double seconds_a_round(const std::filesystem::path& results);

}  // namespace fedorbit
