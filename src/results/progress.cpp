#include "results/progress.hpp"

#include <array>
#include <cmath>
#include <iomanip>
#include <map>

#include "core/log.hpp"

namespace fedorbit {
namespace {

std::string fixed(double value, int decimals) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << value;
  return out.str();
}

}  // namespace

std::string human_bytes(std::int64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = double(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fixed(value, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string human_seconds(double seconds) {
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  const auto whole = std::int64_t(std::llround(seconds));
  if (whole < 3600) return text(whole / 60, " min ", whole % 60, " s");
  return text(whole / 3600, " h ", whole % 3600 / 60, " min");
}

void Progress::evaluated(const std::vector<Score>& scores) {
  struct Mean {
    double sum = 0;
    std::int64_t clients = 0;
  };
  std::map<std::string, Mean> means;  // by scope, over clients
  for (const Score& score : scores) {
    if (score.metric != "accuracy" || score.domain != any || score.label != any) continue;
    if (score.client != any)
      means[score.scope].sum += score.value, ++means[score.scope].clients;
    else if (score.scope == scope::global)
      pool_ = score.value;
  }
  for (const auto& [whose, mean] : means) {
    if (whose == scope::global) global_ = mean.sum / double(mean.clients);
    if (whose == scope::personal) personal_ = mean.sum / double(mean.clients);
  }
}

void Progress::round_committed(const RoundRecord& round) {
  seconds_per_round_ = seconds_per_round_ ? 0.7 * *seconds_per_round_ + 0.3 * round.total_seconds : round.total_seconds;
  log::info(line(round));
}

void Progress::finished(const std::vector<std::pair<std::string, Tensor>>& shared) {
  log::info("finished after ", total_rounds_, " rounds  ", scores());
}

std::string Progress::scores() const {
  const auto percent = [](const std::optional<double>& share) {
    return share ? fixed(100 * *share, 1) + " %" : std::string("-");
  };
  return "pool " + percent(pool_) + "  clients: global " + percent(global_) +
         (personal_ ? ", personal " + percent(personal_) : "");
}

std::string Progress::line(const RoundRecord& round) const {
  std::int64_t bytes = 0;
  for (const TurnRecord& turn : round.turns) bytes += turn.upload_bytes + turn.download_bytes;
  const std::string total = std::to_string(total_rounds_);
  std::ostringstream out;
  out << "round " << std::setw(int(total.size())) << round.round + 1 << "/" << total << "  loss "
      << fixed(round.loss, 4) << "  " << scores() << "  up+down " << human_bytes(bytes) << "  "
      << human_seconds(round.total_seconds);
  if (seconds_per_round_ && round.round + 1 < total_rounds_)
    out << "  left " << human_seconds(*seconds_per_round_ * double(total_rounds_ - round.round - 1));
  return out.str();
}

}  // namespace fedorbit
