#include "results/progress.hpp"

#include <iomanip>

#include "core/log.hpp"
#include "core/words.hpp"
#include "results/accuracies.hpp"

namespace fedorbit {
namespace {

/// "  global pool 62.9 %  global mean 63.0 %  personal mean 84.6 %".
std::string in_words(const std::vector<Score>& scores) {
  std::string words;
  for (const auto& [name, share] : accuracies(scores)) words += text("  ", name, " ", percent(share));
  return words;
}

}  // namespace

void Progress::evaluated(const std::vector<Score>& scores) {
  if (scores.empty()) return;
  scores_ = in_words(scores);
  scored_after_ = scores.front().round;
  if (scored_after_ == 0) log::info("before training", scores_);
}

void Progress::round_committed(const RoundRecord& round) {
  seconds_per_round_ = seconds_per_round_ ? 0.7 * *seconds_per_round_ + 0.3 * round.total_seconds : round.total_seconds;
  log::info(line(round));
}

void Progress::finished(const std::vector<std::pair<std::string, Tensor>>& shared) {
  log::info("finished after ", counted(total_rounds_, "round"), scores_);
}

std::string Progress::line(const RoundRecord& round) const {
  std::int64_t bytes = round.lost_download_bytes;
  for (const TurnRecord& turn : round.turns) bytes += turn.upload.total() + turn.download.total();
  const std::string total = std::to_string(total_rounds_);
  std::ostringstream out;
  out << "round " << std::setw(int(total.size())) << round.round + 1 << "/" << total << "  loss "
      << fixed(round.loss, 4) << (scored_after_ == round.round + 1 ? scores_ : "") << "  up+down " << human_bytes(bytes)
      << "  " << human_seconds(round.total_seconds);
  if (seconds_per_round_ && round.round + 1 < total_rounds_)
    out << "  left " << human_seconds(*seconds_per_round_ * double(total_rounds_ - round.round - 1));
  return out.str();
}

}  // namespace fedorbit
