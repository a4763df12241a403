#include "federation/arrive.hpp"

#include <algorithm>

#include "federation/cohort.hpp"

namespace fedorbit {
Arrival arrive(Workshop& workshop, const Server& server, Downloads& downloads, std::span<const ClientId> clients,
               const ClientStore& kept, const std::vector<std::int64_t>& steps) {
  const Received received = downloads.of(clients);
  Group& group = workshop.group(std::int64_t(clients.size()));
  Turn turn = group.begin(workshop, server, clients, received, kept, steps);
  return {group, std::move(turn)};
}

bool ArrivingClients::differ() const { return start_apart(workshop_.learner, workshop_.strategy); }

std::vector<std::vector<ClientId>> ArrivingClients::groups_here(const std::vector<ClientId>& clients) {
  const Placement placement =
      costs_.place(make_groups(clients, workshop_.experiment.training.group_size), communicator_.size());
  kept_ = store_.gather_at(placement, communicator_);
  return placement.of_rank(communicator_.rank());
}

const Parameters& ArrivingClients::arrive(const Server& server, const std::vector<ClientId>& group) {
  const std::vector<std::int64_t> no_steps(group.size(), 0);
  return fedorbit::arrive(workshop_, server, versions_.downloads(server.round), group, store_, no_steps)
      .group.parameters();
}

bool ArrivingClients::has_trained(ClientId client) const {
  if (workshop_.row_length() == 0) return true;
  return std::ranges::binary_search(kept_, client) &&
         workshop_.experiment.training.local_steps(workshop_.images(client)).all > 0;
}

}  // namespace fedorbit
