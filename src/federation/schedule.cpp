#include "federation/schedule.hpp"

#include <algorithm>
#include <map>

#include "core/error.hpp"
#include "federation/buffered_schedule.hpp"
#include "federation/round_schedule.hpp"

namespace fedorbit {

void ScheduleOptions::fields(OptionList& v) {
  v("kind", kind,
    "rounds: the server waits for its cohort; buffer: clients train all the time, and the server takes a step with "
    "every "
    "so many reports (FedBuff, Nguyen et al. 2022; with schedule.buffer = 1 FedAsync, Xie et al. 2019); window: with "
    "all "
    "that came in every so many seconds",
    {"rounds", "buffer", "window"});
  v("availability", availability,
    "a file of lines `client,from s,until s`: when clients can take part; who leaves before its report is sent does "
    "not "
    "count; none: always");
  v("availability_period", availability_period, "s", "after which the file's times begin anew; 0: never", 0, 1e12);
  v("invited", invited, "",
    "times as many clients as a round has are sent the model; the first reports, as many as it has, count", 1, 1000);
  v("deadline", deadline, "s", "of a round: what comes later does not count; 0: the server waits for all", 0, 1e12);
  v("dropout", dropout, "", "how likely a client that was sent the model never reports", 0, 0.999);
  v("buffer", buffer, "reports", "with which the server takes a step, of kind buffer", 1, 1e9);
  v("window", window, "s", "of kind window, which must say it; one without a report is longer", 0, 1e12);
  v("concurrency", concurrency, "clients", "in training at once, of kinds buffer and window; 0: as many as a round has",
    0, 1e9);
  v("stale", stale,
    "what a report says that began from an older model than the server's: update: how far the client moved (FedBuff); "
    "model: where it came to (FedAsync), so that the server moves towards it",
    {"update", "model"});
  v("staleness_exponent", staleness_exponent, "",
    "a of (1 + s)^-a, by which reports count whose model was s rounds old", 0, 100);
}

Visit foreseen(Visit visit, bool drops, const Availability& availability) {
  if (drops)
    visit.outcome = Outcome::dropped;
  else if (availability.until(visit.client, visit.start) < visit.end())
    visit.outcome = Outcome::left;
  return visit;
}

void Plan::count(std::vector<Visit> visits) {
  counted = std::move(visits);
  std::ranges::sort(counted, {}, &Visit::client);
  reports.assign(counted.begin(), counted.end());
}

std::vector<ClientId> Plan::clients() const {
  std::vector<ClientId> clients;
  clients.reserve(reports.size());
  for (const Report& report : reports) clients.push_back(report.client);
  return clients;
}

std::int64_t Plan::version_of(ClientId client) const {
  return std::ranges::lower_bound(reports, client, {}, &Report::client)->version;
}

std::vector<std::vector<ClientId>> Plan::groups(std::int64_t size) const {
  std::map<std::int64_t, std::vector<std::vector<ClientId>>> by_version;
  for (const auto& [client, version] : reports) {
    auto& groups = by_version[version];
    if (groups.empty() || std::ssize(groups.back()) == size) groups.emplace_back();
    groups.back().push_back(client);
  }
  std::vector<std::vector<ClientId>> all;
  for (auto& [version, groups] : by_version) std::ranges::move(groups, std::back_inserter(all));
  return all;
}

std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options, const LinkOptions& links, Fleet fleet,
                                        const Keys& keys) {
  Availability availability;
  if (!options.availability.empty())
    availability = Availability(options.availability, fleet.clients, options.availability_period);
  std::shared_ptr<const Links> clock;
  if (timed(options, links)) {
    const auto read = std::make_shared<Links>(links);
    read->require_clients(fleet.clients);
    clock = read;
  }
  if (!options.asynchronous())
    return std::make_unique<RoundSchedule>(options, std::move(fleet), std::move(availability), std::move(clock), keys);
  require(options.invited == 1 && options.deadline == 0, "schedule.", options.invited > 1 ? "invited" : "deadline",
          " is of schedule.kind = \"rounds\": a server that does not wait for its clients takes what comes.");
  require(options.kind != "window" || options.window > 0,
          "schedule.window is not said: how many seconds the server collects reports for.");
  const std::int64_t concurrency = options.concurrency > 0 ? options.concurrency : fleet.cohort;
  require(concurrency <= fleet.clients, "schedule.concurrency = ", concurrency, " clients at once: there are ",
          fleet.clients, ", at most so many.");
  require(options.kind != "buffer" || options.buffer <= fleet.clients, "schedule.buffer = ", options.buffer,
          " reports, one a client: there are ", fleet.clients, " clients, at most so many.");
  return std::make_unique<BufferedSchedule>(options, concurrency, std::move(fleet), std::move(availability),
                                            std::move(clock), keys);
}

}  // namespace fedorbit
