#include "comm/ledger.hpp"

#include <algorithm>
#include <utility>

namespace fedorbit {

Spent& Ledger::of(std::int64_t round, Phase phase) {
  const auto found =
      std::ranges::find_if(spent_, [&](const Spent& spent) { return spent.round == round && spent.phase == phase; });
  return found != spent_.end() ? *found : spent_.emplace_back(round, phase);
}

void Ledger::stop_clock() {
  spent_[now_].seconds += since_.seconds();
  since_.restart();
}

void Ledger::enter(std::int64_t round, Phase phase) {
  stop_clock();
  now_ = std::size_t(&of(round, phase) - spent_.data());
}

void Ledger::replay(std::int64_t round) {
  for (const Phase phase : {Phase::training, Phase::small_message}) {
    const Spent attempt = std::exchange(of(round, phase), {round, phase});
    Spent& replay = of(round, Phase::replay);
    replay.seconds += attempt.seconds;
    replay.traffic += attempt.traffic;
  }
}

std::vector<Spent> Ledger::take() {
  stop_clock();
  const Spent now{spent_[now_].round, spent_[now_].phase};
  now_ = 0;
  return std::exchange(spent_, {now});
}

Traffic Ledger::sum() const {
  Traffic sum;
  for (const Spent& spent : spent_) sum += spent.traffic;
  return sum;
}

}  // namespace fedorbit
