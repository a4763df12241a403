#include "federation/arrive.hpp"

#include <ATen/ops/stack.h>

#include "federation/cohort.hpp"

namespace fedorbit {
namespace {

/// What each client receives: the parameters through the codec.
Received download(Workshop& workshop, const Server& server, std::span<const ClientId> clients) {
  Received out;
  std::vector<Tensor> rows;
  std::map<std::string, std::vector<Tensor>> extras;
  out.alike = true;
  Tensor written;  // the parameters of the message before: most strategies send everyone the same
  std::int64_t written_bytes = 0;
  for (const ClientId client : clients) {
    const Download sent = workshop.strategy.download(server, client);
    if (sent.shared.is_same(written)) {
      rows.push_back(rows.back());
    } else {
      out.alike = !written.defined() && out.alike;
      const Bytes message = workshop.download_codec.encode(sent.shared.contiguous(), workshop.learner.layout());
      rows.push_back(workshop.download_codec.decode(message, workshop.learner.layout()));
      written = sent.shared;
      written_bytes = std::int64_t(message.size());
    }
    out.bytes.push_back(written_bytes);
    for (const auto& [name, extra] : sent.extras) {
      extras[name].push_back(extra);
      out.bytes.back() += extra.numel() * std::int64_t(sizeof(float));
    }
  }
  out.shared = out.alike ? rows.front().expand({std::int64_t(rows.size()), -1}) : at::stack(rows);
  for (const auto& [name, of_clients] : extras) out.extras[name] = at::stack(of_clients);
  return out;
}

}  // namespace

Arrival arrive(Workshop& workshop, const Server& server, std::span<const ClientId> clients, const FindRow& find,
               const std::vector<std::int64_t>& steps) {
  Received received = download(workshop, server, clients);
  Group& group = workshop.group(std::int64_t(clients.size()));
  Turn turn = group.begin(workshop, server, clients, received, find, steps);
  return {group, std::move(turn), std::move(received.bytes)};
}

bool ArrivingClients::differ() const {
  return workshop_.learner.layout().size(Owner::personal) > 0 || workshop_.strategy.differs_by_client();
}

std::vector<std::vector<ClientId>> ArrivingClients::groups_here(const std::vector<ClientId>& clients) {
  const Placement placement =
      costs_.place(make_groups(clients, workshop_.experiment.training.group_size), communicator_.size());
  store_.gather_at(placement, communicator_);
  return placement.of_rank(communicator_.rank());
}

const Parameters& ArrivingClients::arrive(const Server& server, const std::vector<ClientId>& group) {
  const std::vector<std::int64_t> no_steps(group.size(), 0);
  return fedorbit::arrive(
             workshop_, server, group, [this](ClientId client) { return store_.find(client); }, no_steps)
      .group.parameters();
}

bool ArrivingClients::has_trained(ClientId client) const { return workshop_.row_length() == 0 || store_.knows(client); }

}  // namespace fedorbit
