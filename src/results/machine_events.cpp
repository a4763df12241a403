#include "results/machine_events.hpp"

#include <chrono>
#include <cmath>

#include "comm/lifeline.hpp"
#include "core/error.hpp"
#include "results/progress.hpp"

namespace fedorbit {
namespace {

template <class Clock>
double seconds_of() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace

std::optional<double> ClockJumps::look(double time_of_day, double steady) {
  const double between = time_of_day - steady, before = between_.value_or(between);
  between_ = between;
  return std::abs(between - before) >= 2 ? std::optional(between - before) : std::nullopt;
}

MachineEvents::MachineEvents(Communicator& communicator, std::vector<Observer*> told)
    : communicator_(communicator), told_(std::move(told)) {
  clock_.look(seconds_of<std::chrono::system_clock>(), seconds_of<std::chrono::steady_clock>());
}

void MachineEvents::round_committed(const RoundRecord& round) {
  std::vector<EventRecord> events;
  for (const Pause& pause : communicator_.take_pauses())
    events.push_back({round.round, "paused",
                      text("rank ", pause.rank, " stood still for ", human_seconds(pause.seconds),
                           " (stopped, or its machine was asleep or overloaded): seconds of this round hold them.")});
  if (const auto jump = clock_.look(seconds_of<std::chrono::system_clock>(), seconds_of<std::chrono::steady_clock>()))
    events.push_back(
        {round.round, "clock",
         text("the root's clock was set ", *jump < 0 ? "back" : "forward", " by ", human_seconds(std::abs(*jump)),
              ", or its machine slept: times of day before and after do not compare; seconds do.")});
  for (const EventRecord& event : events)
    for (Observer* observer : told_) observer->happened(event);
}

}  // namespace fedorbit
