#include "federation/round_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.hpp"

namespace fedorbit {

RoundSchedule::RoundSchedule(const ScheduleOptions& options, Fleet fleet, Availability availability,
                             std::shared_ptr<const Links> links, const Keys& keys)
    : options_(options),
      fleet_(std::move(fleet)),
      availability_(std::move(availability)),
      links_(std::move(links)),
      keys_(keys) {
  require(invited() <= fleet_.clients, "schedule.invited = ", options_.invited, " times the ", fleet_.cohort,
          " clients that a round has are ", invited(), ", more than the ", fleet_.clients,
          " there are; lower it, or training.participation.");
}

std::int64_t RoundSchedule::invited() const {
  return std::int64_t(std::ceil(options_.invited * double(fleet_.cohort)));
}

std::vector<ClientId> RoundSchedule::present() {
  std::vector<ClientId> here;
  double first = std::numeric_limits<double>::infinity();
  for (ClientId client = 0; client < fleet_.clients; ++client) {
    if (availability_.until(client, time_) > time_) here.push_back(client);
    first = std::min(first, availability_.next(client, time_));
  }
  if (!here.empty()) return here;
  if (!std::isfinite(first))
    throw SharedError(text("schedule.availability = ", options_.availability, ": in round ", round_, ", ", time_,
                           " s after the start, no client is there any more; schedule.availability_period repeats the "
                           "file."));
  time_ = first;
  return present();
}

double RoundSchedule::closing(const std::vector<Visit>& visits) const {
  std::vector<double> ends;
  double last = 0;
  for (const Visit& visit : visits) {
    if (visit.outcome == Outcome::counted) ends.push_back(visit.end());
    last = std::max(last, visit.end());
  }
  std::ranges::sort(ends);
  if (std::ssize(ends) >= fleet_.cohort) last = ends[std::size_t(fleet_.cohort) - 1];
  return options_.deadline > 0 ? std::min(last, time_ + options_.deadline) : last;
}

std::vector<Visit> RoundSchedule::attempt(std::uint64_t number) {
  std::vector<ClientId> chosen;
  const Keys keys = number == 0 ? keys_ : keys_.within(std::uint64_t(Purpose::schedule), number);
  if (availability_.always()) {
    chosen = draw_cohort(fleet_.clients, invited(), round_, keys);
  } else {
    const std::vector<ClientId> here = present();
    for (const ClientId place :
         draw_cohort(std::ssize(here), std::min<std::int64_t>(invited(), std::ssize(here)), round_, keys))
      chosen.push_back(here[std::size_t(place)]);
  }
  std::vector<Visit> visits;
  visits.reserve(chosen.size());
  for (const ClientId client : chosen) {
    Visit visit{{client, round_}, Outcome::counted, time_};
    if (links_) visit.trip = links_->trip(client, round_, fleet_.errand(client), time_, std::ssize(chosen));
    Stream stream = keys.stream(Purpose::schedule, std::uint64_t(round_), std::uint64_t(client));
    visits.push_back(foreseen(visit, stream.uniform() < options_.dropout, availability_));
  }
  return visits;
}

void RoundSchedule::refuse_if_hopeless(std::uint64_t attempts, const Plan& plan) const {
  constexpr std::uint64_t most_attempts = 1000;
  constexpr std::size_t most_lost = 100000;
  if (attempts < most_attempts && plan.lost.size() < most_lost) return;
  std::string fates, ways_out;
  const auto tell = [&](Outcome outcome, const std::string& what, const char* way_out) {
    const auto clients = std::ranges::count(plan.lost, outcome, &Visit::outcome);
    if (clients == 0) return;
    fates += text(fates.empty() ? ": " : ", ", clients, " ", what);
    ways_out += text("; ", way_out);
  };
  double soonest = std::numeric_limits<double>::infinity();
  for (const Visit& visit : plan.lost)
    if (visit.outcome == Outcome::late) soonest = std::min(soonest, visit.trip.seconds());
  tell(Outcome::late, text("came after schedule.deadline = ", options_.deadline, " s, the first with ", soonest, " s"),
       "give them longer, or faster links");
  tell(Outcome::left, "went away before",
       "have clients stay longer (schedule.availability), or give them faster links");
  tell(Outcome::dropped, "dropped out", "lower schedule.dropout");
  throw SharedError(text("in round ", round_, " none of ", plan.lost.size(), " clients that were called has reported",
                         fates, ways_out, "."));
}

Plan RoundSchedule::whole_cohort() {
  const std::vector<ClientId> clients = draw_cohort(fleet_.clients, fleet_.cohort, round_, keys_);
  Plan plan;
  plan.reports.reserve(clients.size());
  for (const ClientId client : clients) plan.reports.push_back({client, round_});
  plan.oldest_version = ++round_;
  return plan;
}

Plan RoundSchedule::next() {
  if (!links_ && options_.dropout == 0) return whole_cohort();
  // An attempt of which nothing came is made again with other clients, later.
  Plan plan{.timed = links_ != nullptr, .start = time_};
  for (std::uint64_t attempts = 0; plan.reports.empty(); ++attempts) {
    refuse_if_hopeless(attempts, plan);
    std::vector<Visit> visits = attempt(attempts);
    const double end = closing(visits);
    std::ranges::sort(visits, {}, [](const Visit& visit) { return std::pair(visit.end(), visit.client); });
    std::int64_t counted = 0;
    for (Visit& visit : visits) {
      if (visit.outcome != Outcome::counted) continue;
      if (visit.end() <= end && counted < fleet_.cohort)
        ++counted;
      else
        visit.outcome = Outcome::late;
    }
    std::ranges::copy_if(visits, std::back_inserter(plan.lost), std::identity(),
                         [](const Visit& visit) { return visit.outcome != Outcome::counted; });
    std::erase_if(visits, [](const Visit& visit) { return visit.outcome != Outcome::counted; });
    plan.count(std::move(visits));
    time_ = end;
  }
  plan.end = time_;
  plan.oldest_version = ++round_;
  return plan;
}

}  // namespace fedorbit
