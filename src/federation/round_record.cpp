#include "federation/round_record.hpp"

#include <algorithm>
#include <limits>

namespace fedorbit {

std::vector<TurnRecord> turn_records(const TurnOutcome& turn) {
  std::vector<TurnRecord> records;
  const Tensor diagnostics = turn.diagnostics.contiguous();  // (K, D)
  for (std::size_t k = 0; k < turn.clients.size(); ++k) {
    const auto* observed = diagnostics.const_data_ptr<double>() + std::int64_t(k) * diagnostics.size(1);
    records.push_back({turn.clients[k],
                       turn.samples[k],
                       turn.steps[k],
                       turn.loss[k],
                       turn.drift[k],
                       turn.sent[k],
                       {},
                       turn.seconds / double(turn.clients.size()),
                       {observed, observed + diagnostics.size(1)}});
  }
  return records;
}

RoundRecord round_record(std::int64_t round, const Cohort& cohort, const std::vector<RankReport>& reports,
                         const Workshop& workshop) {
  RoundRecord record{};
  record.round = round;
  for (const RankReport& report : reports)
    record.turns.insert(record.turns.end(), report.turns.begin(), report.turns.end());
  std::ranges::sort(record.turns, {}, &TurnRecord::client);  // as the cohort is
  std::int64_t weight = 0;
  for (std::size_t i = 0; i < record.turns.size(); ++i) {
    if (cohort.fates[i] == Fate::not_finite || record.turns[i].steps == 0) continue;
    const std::int64_t of_client = workshop.weight(record.turns[i].client);
    record.loss += double(of_client) * record.turns[i].loss;
    weight += of_client;
  }
  record.loss = weight > 0 ? record.loss / double(weight) : std::numeric_limits<double>::quiet_NaN();
  return record;
}

}  // namespace fedorbit
