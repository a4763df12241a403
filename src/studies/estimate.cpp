#include "studies/estimate.hpp"

#include <numeric>

#include "io/h5.hpp"
#include "results/schema.hpp"

namespace fedorbit {

std::string Estimate::setting(const StudyRun& run) {
  std::string words;
  for (const Choice& choice : run.settings) words += choice.axis + "=" + choice.value + "\n";
  return words;
}

void Estimate::learn(const StudyRun& run, double outside, double a_round) {
  for (Sum* sum : {&of_setting_[setting(run)], &of_all_})
    sum->outside += outside, sum->a_round += a_round, sum->count += 1;
}

void Estimate::learn(const StudyRun& run, const std::filesystem::path& results) {
  learn(run, 0, seconds_a_round(results));
}

std::optional<double> Estimate::seconds(const StudyRun& run) const {
  const auto known = of_setting_.find(setting(run));
  if (known != of_setting_.end()) return known->second.seconds(double(run.rounds));
  return of_all_.count > 0 ? std::optional(of_all_.seconds(double(run.rounds))) : std::nullopt;
}

double seconds_a_round(const std::filesystem::path& results) {
  const auto rounds = h5::File::open(results).read<double>(schema::rounds().group + "/total_seconds");
  return rounds.empty() ? 0 : std::accumulate(rounds.begin(), rounds.end(), 0.0) / double(rounds.size());
}

}  // namespace fedorbit
