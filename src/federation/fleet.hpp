// A run's schedule: what it must know of clients before they train is how long their messages are, and how many steps
// they take.
#pragma once
#include <memory>

#include "federation/schedule.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// Throws where schedule_of() would because of what options alone say: to be asked before any data is read.
void check_schedule(const Experiment& experiment);

/// As [schedule] and [links] have it. Throws where options do not go together, where the schedule goes by seconds and a
/// codec's messages are as long as their numbers make them, and where the strategy cannot take what the schedule
/// brings. The workshop outlives what is returned.
std::unique_ptr<Schedule> schedule_of(Workshop& workshop);

/// Throws what a run of this workshop would end with for want of clients: of its first round, and of all its rounds where
/// the trace of who is there comes to an end, as far as that goes by the schedule alone.
void foresee(Workshop& workshop);

}  // namespace fedorbit
