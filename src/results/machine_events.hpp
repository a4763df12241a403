// Events of the machine rather than of learning: ranks that stood still, a clock that jumped. What a results file says
// of seconds and times of day is to be read with them.
#pragma once
#include <optional>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/observer.hpp"

namespace fedorbit {

/// Compares the time of day with a clock that nobody sets.
class ClockJumps {
 public:
  /// Both in seconds since some moment. How far the time of day has moved without the other since the last call, where
  /// that is 2 s or more, which no gentle correction reaches in a round.
  std::optional<double> look(double time_of_day, double steady);

 private:
  std::optional<double> between_;
};

/// At the root: looks when a round is committed, and tells the other observers.
class MachineEvents final : public Observer {
 public:
  MachineEvents(Communicator& communicator, std::vector<Observer*> told);

  void round_committed(const RoundRecord& round) override;

 private:
  Communicator& communicator_;
  std::vector<Observer*> told_;
  ClockJumps clock_;
};

}  // namespace fedorbit
