// What those who watch a run are told of its rounds, made of what all ranks report.
#pragma once
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/observer.hpp"
#include "federation/placement.hpp"
#include "federation/round_message.hpp"
#include "federation/schedule.hpp"

namespace fedorbit {

/// Ranks call it together; observers are at the root alone.
class Announcer {
 public:
  Announcer(std::vector<Observer*> observers, std::vector<std::string> diagnostics, Communicator& communicator)
      : observers_(std::move(observers)), diagnostics_(std::move(diagnostics)), communicator_(communicator) {}

  template <class Call>
  void tell(Call call) {
    const InPhase recording(communicator_.ledger(), Phase::recording);
    for (Observer* observer : observers_) call(*observer);
  }
  void happened(const EventRecord& event) {
    tell([&](Observer& observer) { observer.happened(event); });
  }

  /// Collective: this rank's turns (at most `most_clients` on any) and what it spent since its last report go to the
  /// root, which has what all ranks report.
  std::vector<RankReport> report(std::vector<TurnRecord> turns, std::size_t most_clients);
  /// What they spent.
  void spent(const std::vector<RankReport>& reports);
  /// Who trained whom.
  void placed(const Placement& placement, std::int64_t round);
  /// What became of all that were sent the model in a round; `lost_bytes`: what those were sent whose reports do not
  /// count.
  void scheduled(const Plan& plan, const RoundRecord& record, const std::vector<std::int64_t>& lost_bytes);
  /// A warning where the server's model is no longer worth anything: its loss is not finite.
  void warn_of_losses(const std::vector<Score>& scores, std::int64_t rounds_done);
  /// The means over clients of what the round's turns observed, NaN where none did, in the order of the diagnostics.
  std::vector<double> means(const RoundRecord& record) const;

 private:
  std::vector<Observer*> observers_;
  std::vector<std::string> diagnostics_;
  Communicator& communicator_;
};

/// Events of rounds that did not go as most do.
EventRecord dropped(std::int64_t round, std::int64_t client);
EventRecord interrupted(std::int64_t round);
/// `clients` sent more of `tensors` than their bounds are.
EventRecord replayed(std::int64_t round, const std::vector<std::int64_t>& clients,
                     const std::vector<std::string>& tensors);

/// " and 2 others", where there are three.
std::string others(std::size_t count);

}  // namespace fedorbit
