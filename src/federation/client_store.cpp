#include "federation/client_store.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "core/error.hpp"

namespace fedorbit {

ClientStore::ClientStore(std::int64_t row_length, RowShelf::Room room)
    : row_length_(row_length),
      moving_(
          std::max<std::int64_t>(1, room.moving / std::max<std::int64_t>(1, row_length * std::int64_t(sizeof(float))))),
      shelf_(row_length, std::move(room)) {}

std::vector<ClientStore::Move> ClientStore::next_of(std::vector<Move>& moves, int ranks) const {
  std::vector<std::int64_t> leaving(std::size_t(ranks), 0), arriving(leaving);
  std::vector<Move> together, later;
  for (const Move& move : moves) {
    std::int64_t &sent = leaving[std::size_t(move.from)], &received = arriving[std::size_t(move.to)];
    const bool fits = sent < moving_ && received < moving_;
    if (fits) ++sent, ++received;
    (fits ? together : later).push_back(move);
  }
  moves = std::move(later);
  return together;
}

std::vector<std::pair<ClientId, Tensor>> ClientStore::moved(const std::vector<Move>& moves,
                                                            Communicator& communicator) const {
  std::vector<std::int64_t> sent(std::size_t(communicator.size()), 0), taken(sent);
  for (const Move& move : moves)
    if (move.from == communicator.rank()) ++sent[std::size_t(move.to)];
  std::vector<Tensor> messages;
  for (std::int64_t& rows : sent) messages.push_back(at::empty({std::exchange(rows, 0), row_length_}, at::kFloat));
  for (const Move& move : moves)
    if (move.from == communicator.rank())
      read(move.client, 0, messages[std::size_t(move.to)][sent[std::size_t(move.to)]++]);
  for (Tensor& message : messages) message = message.flatten();
  const std::vector<Tensor> received = communicator.exchange(std::move(messages));
  std::vector<std::pair<ClientId, Tensor>> arrived;
  for (const Move& move : moves)
    if (move.to == communicator.rank()) {
      const auto from = std::size_t(move.from);
      arrived.emplace_back(move.client, received[from].narrow(0, taken[from]++ * row_length_, row_length_));
    }
  return arrived;
}

void ClientStore::gather_at(const Placement& placement, Communicator& communicator) {
  // Every rank knows who holds what, so all see the same list of moves, in the same order.
  std::vector<Move> moves;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g])
      if (const auto held = holder_.find(client); held != holder_.end() && held->second != placement.rank_of(g))
        moves.push_back({client, held->second, placement.rank_of(g)});
  while (!moves.empty()) {
    const std::vector<Move> together = next_of(moves, communicator.size());
    const auto arrived = moved(together, communicator);
    for (const Move& move : together) {
      holder_[move.client] = move.to;
      if (move.from == communicator.rank()) rows_.erase(move.client);
    }
    for (const auto& [client, row] : arrived) rows_[client] = shelf_.put(row);
  }
}

void ClientStore::stage(const std::vector<ClientId>& clients, const Tensor& rows) {
  if (row_length_ == 0) return;
  for (std::size_t k = 0; k < clients.size(); ++k) {
    staged_.erase(clients[k]);  // its place is free
    staged_[clients[k]] = shelf_.put(rows[std::int64_t(k)]);
  }
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

ClientRows ClientStore::everything(Communicator& communicator) const {
  ClientRows rows{.length = row_length_};
  for (const auto& [client, holder] : holder_) rows.clients.push_back(client);
  rows.visit = [this, &communicator](const ClientRows::Take& take) {
    std::vector<Move> moves;
    for (const auto& [client, holder] : holder_) moves.push_back({client, holder, 0});
    while (!moves.empty())
      for (const auto& [client, row] : moved(next_of(moves, communicator.size()), communicator)) take(row);
  };
  return rows;
}

void ClientStore::restore(const ClientRows& everything, const Communicator& communicator) {
  for (const ClientId client : everything.clients) holder_[client] = 0;
  if (!communicator.root()) return;
  std::size_t next = 0;
  everything.visit([&](const Tensor& row) { rows_[everything.clients.at(next++)] = shelf_.put(row); });
}

}  // namespace fedorbit
