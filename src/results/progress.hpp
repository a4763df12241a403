// One dense line a round on the terminal and in the log.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "federation/observer.hpp"

namespace fedorbit {

class Progress final : public Observer {
 public:
  explicit Progress(std::int64_t total_rounds) : total_rounds_(total_rounds) {}

  void round_committed(const RoundRecord& round) override;
  void evaluated(const std::vector<Score>& scores) override;

  void finished(const std::vector<std::pair<std::string, Tensor>>& shared) override;

  /// "round  3/50  loss 1.234  global pool 56.1 %  personal mean 61.0 %  ...": counted from 1; scores stand in the line
  /// of the round after which they were taken, and in no other.
  std::string line(const RoundRecord& round) const;

 private:
  std::int64_t total_rounds_;
  std::string scores_;                       // the latest, in words
  std::int64_t scored_after_ = 0;            // so many rounds
  std::optional<double> seconds_per_round_;  // recent rounds count most
};

}  // namespace fedorbit
