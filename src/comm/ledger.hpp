// The transport ledger of one rank: what it moved and how long it took, by round and phase. Bytes that a real
// federation would send are no business of it.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "comm/traffic.hpp"
#include "core/clock.hpp"

namespace fedorbit {

/// What a rank is at. `harness` is what lies between the others within a round; `replay` is what an attempt cost that
/// did not count, its training included.
enum class Phase : std::int64_t {
  start,
  encoding,
  exchange,       // what clients keep goes to the rank that trains them
  training,       // turns; nothing moves
  small_message,  // what every rank must know of the others, and reports
  sum,            // of what clients sent
  server,         // the strategy's step
  evaluation,
  recording,  // observers, at the root
  checkpoint,
  harness,
  replay
};
inline constexpr std::array<const char*, 12> phase_names{"start",         "encoding",   "exchange", "training",
                                                         "small message", "sum",        "server",   "evaluation",
                                                         "recording",     "checkpoint", "harness",  "replay"};
inline const char* name(Phase phase) { return phase_names[std::size_t(phase)]; }

/// What one phase of one round took: seconds by the clock, without those of phases within it, and what was moved.
struct Spent {
  std::int64_t round = 0;
  Phase phase{};
  double seconds = 0;
  Traffic traffic{};
  bool operator==(const Spent&) const = default;
};

class Ledger {
 public:
  static constexpr std::int64_t before_rounds = -1;
  /// Where what is moved now counts.
  Traffic& traffic() { return spent_[now_].traffic; }
  std::int64_t round() const { return spent_[now_].round; }
  Phase phase() const { return spent_[now_].phase; }
  /// From now on this phase.
  void enter(std::int64_t round, Phase phase);
  /// What training, its exams and the small message of this round took was an attempt that did not count.
  void replay(std::int64_t round);
  /// All since it was last taken: round by round every phase, entered or not, so that all ranks have the same list.
  std::vector<Spent> take();
  /// The sum of all that was moved since.
  Traffic sum() const;

 private:
  /// Where that is in spent_, which it is put into if it is not there.
  std::size_t place_of(std::int64_t round, Phase phase);
  void stop_clock();

  std::vector<Spent> spent_;
  std::size_t now_ = place_of(before_rounds, Phase::start);
  Stopwatch since_;
};

/// A phase from here to the end of the scope; phases nest.
class InPhase {
 public:
  InPhase(Ledger& ledger, Phase phase) : InPhase(ledger, phase, ledger.round()) {}
  InPhase(Ledger& ledger, Phase phase, std::int64_t round)
      : ledger_(ledger), outer_round_(ledger.round()), outer_(ledger.phase()) {
    ledger_.enter(round, phase);
  }
  ~InPhase() { ledger_.enter(outer_round_, outer_); }
  InPhase(const InPhase&) = delete;
  InPhase& operator=(const InPhase&) = delete;

 private:
  Ledger& ledger_;
  std::int64_t outer_round_;
  Phase outer_;
};

}  // namespace fedorbit
