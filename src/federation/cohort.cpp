#include "federation/cohort.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Floyd's method (Bentley and Floyd 1987): a uniform subset in as many draws as it has members.
std::vector<ClientId> draw_subset(std::int64_t clients, std::int64_t count, Stream stream) {
  std::set<ClientId> chosen;
  for (ClientId last = clients - count; last < clients; ++last) {
    const auto drawn = ClientId(stream.below(std::uint64_t(last) + 1));
    if (!chosen.insert(drawn).second) chosen.insert(last);
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace

Fate& Cohort::fate_of(ClientId client) {
  return fates[std::size_t(std::ranges::lower_bound(reports, client, {}, &Report::client) - reports.begin())];
}

std::vector<ClientId> Cohort::with(Fate fate) const {
  std::vector<ClientId> chosen;
  for (std::size_t i = 0; i < reports.size(); ++i)
    if (fates[i] == fate) chosen.push_back(reports[i].client);
  return chosen;
}

std::int64_t cohort_size(std::int64_t clients, double participation) {
  return std::clamp<std::int64_t>(std::llround(participation * double(clients)), 1, clients);
}

std::vector<ClientId> draw_cohort(std::int64_t clients, std::int64_t count, std::int64_t round, const Keys& keys) {
  return draw_subset(clients, count, keys.stream(Purpose::cohort, std::uint64_t(round)));
}

std::vector<ClientId> draw_evaluated(std::int64_t clients, std::int64_t count, const Keys& keys) {
  return draw_subset(clients, std::min(clients, count), keys.stream(Purpose::cohort, 0, 1));
}

std::vector<std::vector<ClientId>> make_groups(const std::vector<ClientId>& clients, std::int64_t size) {
  require(size >= 1, "a group of ", size, " clients cannot be.");
  std::vector<std::vector<ClientId>> groups;
  for (std::size_t first = 0; first < clients.size(); first += std::size_t(size)) {
    const std::size_t last = std::min(clients.size(), first + std::size_t(size));
    groups.emplace_back(clients.begin() + std::ptrdiff_t(first), clients.begin() + std::ptrdiff_t(last));
  }
  return groups;
}

}  // namespace fedorbit
