#include "federation/client_store.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "core/error.hpp"

namespace fedorbit {
namespace {

Tensor concatenated(const std::vector<Tensor>& rows) {
  return rows.empty() ? at::empty({0}, at::kFloat) : at::cat(rows);
}

}  // namespace

void ClientStore::gather_at(const Placement& placement, Communicator& communicator) {
  // Every rank knows who holds what, so all see the same list of moves, in the same order.
  struct Move {
    ClientId client;
    int from, to;
  };
  std::vector<Move> moves;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g])
      if (const auto held = holder_.find(client); held != holder_.end() && held->second != placement.rank_of(g))
        moves.push_back({client, held->second, placement.rank_of(g)});
  if (moves.empty()) return;

  std::vector<std::vector<Tensor>> outgoing(std::size_t(communicator.size()));
  for (const Move& move : moves)
    if (move.from == communicator.rank()) {
      outgoing[std::size_t(move.to)].push_back(rows_.at(move.client));
      rows_.erase(move.client);
    }
  std::vector<Tensor> messages;
  for (const auto& rows : outgoing) messages.push_back(concatenated(rows));
  const std::vector<Tensor> received = communicator.exchange(std::move(messages));
  std::vector<std::int64_t> taken(received.size(), 0);
  for (const Move& move : moves) {
    holder_[move.client] = move.to;
    if (move.to != communicator.rank()) continue;
    std::int64_t& at = taken[std::size_t(move.from)];
    rows_[move.client] = received[std::size_t(move.from)].narrow(0, at, row_length_).clone();
    at += row_length_;
  }
}

const Tensor* ClientStore::find(ClientId client) const {
  const auto row = rows_.find(client);
  return row == rows_.end() ? nullptr : &row->second;
}

void ClientStore::stage(const std::vector<ClientId>& clients, const Tensor& rows) {
  if (row_length_ == 0) return;
  for (std::size_t k = 0; k < clients.size(); ++k) staged_[clients[k]] = rows[std::int64_t(k)].clone();
}

void ClientStore::commit(const Placement& placement, const std::vector<ClientId>& dropped) {
  if (row_length_ == 0) return;
  for (const ClientId client : dropped) staged_.erase(client);
  for (auto& [client, row] : staged_) rows_[client] = std::move(row);
  staged_.clear();
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g])
      if (holder_.contains(client) || !std::ranges::binary_search(dropped, client))
        holder_[client] = placement.rank_of(g);
}

ClientStore::Everything ClientStore::collect(Communicator& communicator) const {
  std::vector<Tensor> messages(std::size_t(communicator.size()), at::empty({0}, at::kFloat));
  std::vector<Tensor> mine;
  for (const auto& [client, row] : rows_) mine.push_back(row);
  messages[0] = concatenated(mine);
  const std::vector<Tensor> received = communicator.exchange(std::move(messages));
  Everything everything;
  if (!communicator.root()) return everything;
  everything.rows = at::empty({std::int64_t(holder_.size()), row_length_}, at::kFloat);
  std::vector<std::int64_t> taken(received.size(), 0);
  for (const auto& [client, holder] : holder_) {
    std::int64_t& at = taken[std::size_t(holder)];
    everything.rows[std::int64_t(everything.clients.size())].copy_(
        received[std::size_t(holder)].narrow(0, at, row_length_));
    at += row_length_;
    everything.clients.push_back(client);
  }
  return everything;
}

void ClientStore::restore(const Everything& everything, const Communicator& communicator) {
  for (std::size_t i = 0; i < everything.clients.size(); ++i) {
    holder_[everything.clients[i]] = 0;
    if (communicator.root()) rows_[everything.clients[i]] = everything.rows[std::int64_t(i)].clone();
  }
}

}  // namespace fedorbit
