#include "federation/announcer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/words.hpp"

namespace fedorbit {

std::vector<RankReport> Announcer::report(std::vector<TurnRecord> turns, std::size_t most_clients) {
  const std::vector<Spent> spent = communicator_.ledger().take();
  const InPhase message(communicator_.ledger(), Phase::small_message);
  return gather_reports({spent, std::move(turns)}, most_clients, diagnostics_.size(), communicator_);
}

void Announcer::spent(const std::vector<RankReport>& reports) {
  tell([&](Observer& observer) { observer.transported(spent_records(reports), transport_records(reports)); });
}

void Announcer::placed(const Placement& placement, std::int64_t round) {
  if (observers_.empty()) return;
  std::vector<PlacementRecord> ranks;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g]) ranks.push_back({round, client, placement.rank_of(g)});
  tell([&](Observer& observer) { observer.placed(ranks); });
}

void Announcer::scheduled(const Plan& plan, const RoundRecord& record, const std::vector<std::int64_t>& lost_bytes) {
  if (record.turns.empty()) return;  // on other ranks than the root
  const double no_time = std::numeric_limits<double>::quiet_NaN();
  std::vector<VirtualTurn> turns;
  const auto add = [&](const Visit& visit, std::int64_t bytes) {
    constexpr std::array outcomes{"counted", "late", "left", "dropped", "unfinished"};
    VirtualTurn turn{record.round, visit.client, visit.version, outcomes[std::size_t(visit.outcome)],
                     bytes,        visit.start,  visit.trip};
    if (!plan.timed) turn.start = no_time, turn.trip = {{no_time, no_time}, no_time, {no_time, no_time}};
    turns.push_back(std::move(turn));
  };
  for (std::size_t i = 0; i < plan.counted.size(); ++i) add(plan.counted[i], record.turns[i].download.total());
  for (std::size_t i = 0; i < plan.lost.size(); ++i) add(plan.lost[i], lost_bytes[i]);
  std::vector<VirtualRound> rounds;
  if (plan.timed)
    rounds.push_back({record.round, plan.start, plan.end - plan.start,
                      std::ranges::max_element(plan.counted, {}, &Visit::end)->client});
  tell([&](Observer& observer) { observer.scheduled(turns, rounds); });
}

std::vector<double> Announcer::means(const RoundRecord& record) const {
  std::vector<double> means(diagnostics_.size());
  for (std::size_t i = 0; i < means.size(); ++i) {
    double count = 0;
    for (const TurnRecord& turn : record.turns)
      if (std::isfinite(turn.diagnostics[i])) means[i] += turn.diagnostics[i], ++count;
    means[i] /= count;
  }
  return means;
}

void Announcer::warn_of_losses(const std::vector<Score>& scores, std::int64_t rounds_done) {
  const auto lost = std::ranges::find_if(scores, [](const Score& score) {
    return score.scope == scope::global && score.metric == "loss" && !std::isfinite(score.value);
  });
  if (lost == scores.end()) return;
  happened({std::max<std::int64_t>(0, rounds_done - 1), "warning",
            text("after ", counted(rounds_done, "round"), " the global model's loss on ", lost->split,
                 " images is not finite: what it says of them is worth nothing.")});
}

EventRecord dropped(std::int64_t round, std::int64_t client) {
  return {round, "dropped",
          text("the update of client ", client, " in round ", round, " is not finite and was dropped.")};
}

EventRecord interrupted(std::int64_t round) {
  return {round, "interrupted", text("a signal ended the run; round ", round, " is discarded.")};
}

EventRecord replayed(std::int64_t round, const std::vector<std::int64_t>& clients,
                     const std::vector<std::string>& tensors) {
  return {
      round, "replayed",
      text("round ", round, " is played again: what client ", clients.front(), others(clients.size()),
           " sent is beyond the bound of ", tensors.front(), others(tensors.size()), ", which is wider from now on.")};
}

std::string others(std::size_t count) { return count > 1 ? text(" and ", count - 1, " others") : ""; }

}  // namespace fedorbit
