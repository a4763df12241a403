#include "federation/client_store.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <limits>

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

std::vector<ClientId> ClientStore::gather_at(const Placement& placement, Communicator& communicator) {
  std::vector<ClientId> kept;
  if (row_length_ == 0) return kept;
  std::vector<std::int64_t> holders;  // of each client, in the order of groups: its rank and one, or nobody's 0
  for (const auto& group : placement.groups())
    for (const ClientId client : group) holders.push_back(has(client) ? communicator.rank() + 1 : 0);
  Tensor of_all = at::from_blob(holders.data(), {std::ssize(holders)}, at::kLong);
  communicator.all_reduce(of_all, Reduce::max);
  // Now all ranks see the same list of moves, in the same order.
  std::vector<Move> moves;
  auto holder = holders.begin();
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g]) {
      const int from = int(*holder++) - 1, to = placement.rank_of(g);
      if (from < 0) continue;
      kept.push_back(client);
      if (from != to) moves.push_back({client, from, to});
    }
  while (!moves.empty()) {
    const std::vector<Move> together = next_of(moves, communicator.size());
    const auto arrived = moved(together, communicator);
    for (const Move& move : together)
      if (move.from == communicator.rank()) rows_.erase(move.client);
    for (const auto& [client, row] : arrived) rows_[client] = shelf_.put(row);
  }
  std::ranges::sort(kept);
  return kept;
}

void ClientStore::stage(const std::vector<ClientId>& clients, const Tensor& rows) {
  if (row_length_ == 0) return;
  for (std::size_t k = 0; k < clients.size(); ++k) {
    staged_.erase(clients[k]);  // its place is free
    staged_[clients[k]] = shelf_.put(rows[std::int64_t(k)]);
  }
}

void ClientStore::commit(const std::vector<ClientId>& dropped) {
  for (const ClientId client : dropped) staged_.erase(client);
  for (auto& [client, row] : staged_) rows_[client] = std::move(row);
  staged_.clear();
}

std::vector<std::pair<ClientId, int>> ClientStore::holders(Communicator& communicator) const {
  constexpr ClientId nobody = -1;
  Tensor most = at::tensor(std::int64_t(rows_.size()));
  communicator.all_reduce(most, Reduce::max);
  std::vector<ClientId> mine;
  for (const auto& [client, row] : rows_) mine.push_back(client);
  mine.resize(std::size_t(most.item<std::int64_t>()), nobody);
  const Tensor of_all = communicator.gather(at::from_blob(mine.data(), {std::ssize(mine)}, at::kLong));
  std::vector<std::pair<ClientId, int>> holders;
  const auto* next = of_all.const_data_ptr<std::int64_t>();
  for (std::int64_t rank = 0; rank < of_all.size(0); ++rank)
    for (std::int64_t i = 0; i < of_all.size(1); ++i, ++next)
      if (*next != nobody) holders.emplace_back(*next, int(rank));
  std::ranges::sort(holders);
  return holders;
}

ClientRows ClientStore::everything(Communicator& communicator) const {
  ClientRows rows{.length = row_length_, .visit = [](const ClientRows::Take&) {}};
  if (row_length_ == 0) return rows;
  auto held = holders(communicator);
  for (const auto& [client, rank] : held) rows.clients.push_back(client);
  rows.visit = [this, &communicator, held = std::move(held)](const ClientRows::Take& take) {
    // The root says up to which client rows come next; the others send what they have of those.
    constexpr ClientId all = std::numeric_limits<ClientId>::max();
    auto own = rows_.begin();
    auto next = held.begin();
    for (ClientId last = -1; last != all;) {
      const auto end = next + std::min<std::ptrdiff_t>(held.end() - next, moving_);
      Tensor up_to = at::tensor(end == held.end() ? all : std::prev(end)->first);
      communicator.broadcast(up_to);
      last = up_to.item<ClientId>();
      const auto first = own;
      own = rows_.upper_bound(last);
      std::vector<Tensor> messages(std::size_t(communicator.size()), at::empty({0}));
      messages[0] = at::empty({std::distance(first, own) * row_length_});
      std::int64_t place = 0;
      for (auto row = first; row != own; ++row, place += row_length_)
        row->second->read(0, messages[0].narrow(0, place, row_length_));
      const std::vector<Tensor> arrived = communicator.exchange(std::move(messages));
      std::vector<std::int64_t> taken(arrived.size(), 0);
      for (; next != end; ++next) {
        std::int64_t& offset = taken[std::size_t(next->second)];
        take(arrived[std::size_t(next->second)].narrow(0, offset, row_length_));
        offset += row_length_;
      }
    }
  };
  return rows;
}

void ClientStore::restore(const ClientRows& everything) {
  std::size_t next = 0;
  everything.visit([&](const Tensor& row) { rows_[everything.clients.at(next++)] = shelf_.put(row); });
}

}  // namespace fedorbit
