#include "federation/buffered_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace fedorbit {

BufferedSchedule::BufferedSchedule(const ScheduleOptions& options, std::int64_t concurrency, Fleet fleet,
                                   Availability availability, std::shared_ptr<const Links> links, const Keys& keys)
    : options_(options),
      concurrency_(concurrency),
      fleet_(std::move(fleet)),
      availability_(std::move(availability)),
      links_(std::move(links)),
      keys_(keys) {}

ClientId BufferedSchedule::idle() {
  std::set<ClientId> others = busy_;
  if (!availability_.always())
    for (ClientId client = 0; client < fleet_.clients; ++client)
      if (availability_.until(client, time_) <= time_) others.insert(client);
  const std::int64_t choices = fleet_.clients - std::ssize(others);
  if (choices == 0) return -1;
  auto place = ClientId(keys_.stream(Purpose::schedule, calls_, 0).below(std::uint64_t(choices)));
  for (const ClientId other : others) place += other <= place;  // ascending: the place among all clients
  return place;
}

void BufferedSchedule::call() {
  while (std::ssize(training_) < concurrency_) {
    const ClientId client = idle();
    if (client < 0) return;
    Visit visit{{client, version_}, Outcome::counted, time_};
    visit.trip = links_->trip(client, std::int64_t(calls_), fleet_.errand(client), time_, concurrency_);
    const bool drops = keys_.stream(Purpose::schedule, calls_++, 1).uniform() < options_.dropout;
    busy_.insert(client);
    training_.insert(foreseen(visit, drops, availability_));
  }
}

void BufferedSchedule::wait() {
  double first = std::numeric_limits<double>::infinity();
  for (ClientId client = 0; client < fleet_.clients; ++client)
    if (!busy_.contains(client)) first = std::min(first, availability_.next(client, time_));
  if (!std::isfinite(first))
    throw SharedError(text("in round ", version_, ", ", time_, " s after the start, no client trains and none will: ",
                           options_.availability.empty()
                               ? "all have reported, and the server waits for more (schedule.buffer)."
                               : "schedule.availability has no more; schedule.availability_period repeats the file."));
  time_ = first;
  call();
}

bool BufferedSchedule::complete(const Plan& plan) const {
  if (plan.counted.empty()) return false;
  if (options_.kind == "buffer") return std::ssize(plan.counted) >= options_.buffer;
  const double closes = options_.window * (std::floor(plan.end / options_.window) + 1);
  return training_.empty() || training_.begin()->end() > closes;
}

Plan BufferedSchedule::next() {
  constexpr std::size_t most_lost = 100000;
  Plan plan{.timed = true, .start = time_};
  call();
  while (!complete(plan)) {
    if (training_.empty()) wait();
    Visit visit = *training_.begin();
    training_.erase(training_.begin());
    time_ = std::max(time_, visit.end());
    if (visit.outcome == Outcome::counted) {
      if (plan.counted.empty()) plan.end = time_;  // of a window: that of its first report
      plan.counted.push_back(visit);
    } else {
      busy_.erase(visit.client);
      plan.lost.push_back(visit);
      if (plan.lost.size() > most_lost)
        throw SharedError(
            text("in round ", version_, " ", most_lost,
                 " clients in turn have left or dropped out before they reported; lengthen the windows of "
                 "schedule.availability, lower schedule.dropout, or take faster links."));
    }
    // Who is called when a step is due begins with the model after it.
    if (options_.kind == "window" || !complete(plan)) call();
  }
  if (options_.kind == "window") time_ = options_.window * (std::floor(plan.end / options_.window) + 1);
  plan.end = time_;
  for (const Visit& visit : plan.counted) busy_.erase(visit.client);
  plan.count(std::move(plan.counted));
  plan.oldest_version = ++version_;
  plan.under_way.assign(training_.begin(), training_.end());
  for (const Visit& visit : training_) plan.oldest_version = std::min(plan.oldest_version, visit.version);
  return plan;
}

}  // namespace fedorbit
