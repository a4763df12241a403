#include "comm/ledger.hpp"

#include <algorithm>
#include <utility>

namespace fedorbit {

std::size_t Ledger::place_of(std::int64_t round, Phase phase) {
  const auto found = std::ranges::find(spent_, round, &Spent::round);
  const auto first = std::size_t(found - spent_.begin());
  if (found == spent_.end())
    for (std::size_t p = 0; p < phase_names.size(); ++p) spent_.emplace_back(round, Phase(p));
  return first + std::size_t(phase);
}

void Ledger::stop_clock() {
  spent_[now_].seconds += since_.seconds();
  since_.restart();
}

void Ledger::enter(std::int64_t round, Phase phase) {
  stop_clock();
  now_ = place_of(round, phase);
}

void Ledger::replay(std::int64_t round) {
  Spent& replay = spent_[place_of(round, Phase::replay)];
  for (const Phase phase : {Phase::training, Phase::server, Phase::evaluation, Phase::small_message}) {
    const Spent attempt = std::exchange(spent_[place_of(round, phase)], {round, phase});
    replay.seconds += attempt.seconds;
    replay.traffic += attempt.traffic;
  }
}

std::vector<Spent> Ledger::take() {
  stop_clock();
  const std::int64_t round = this->round();
  const Phase phase = this->phase();
  std::vector<Spent> taken = std::exchange(spent_, {});
  now_ = place_of(round, phase);
  return taken;
}

Traffic Ledger::sum() const {
  Traffic sum;
  for (const Spent& spent : spent_) sum += spent.traffic;
  return sum;
}

}  // namespace fedorbit
