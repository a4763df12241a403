// One dense line a round on the terminal and in the log.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "federation/observer.hpp"

namespace fedorbit {

/// 1536 as "1.5 KiB".
std::string human_bytes(std::int64_t bytes);
/// 75 as "1 min 15 s"; below a minute with one decimal.
std::string human_seconds(double seconds);

class Progress final : public Observer {
 public:
  explicit Progress(std::int64_t total_rounds) : total_rounds_(total_rounds) {}

  void round_committed(const RoundRecord& round) override;
  void evaluated(const std::vector<Score>& scores) override;

  void finished(const std::vector<std::pair<std::string, Tensor>>& shared) override;

  /// "round  3/50  loss 1.234  pool 56.1 %  clients: global 55.9 %, personal 61.0 %  ...": counted from 1; the latest
  /// accuracies known, of the global model on all test images, and as means over clients on their own.
  std::string line(const RoundRecord& round) const;

 private:
  std::string scores() const;

  std::int64_t total_rounds_;
  std::optional<double> pool_, global_, personal_;  // shares of correct answers; the last two are means over clients
  std::optional<double> seconds_per_round_;         // recent rounds count most
};

}  // namespace fedorbit
