// What belongs to clients and outlives a turn: personal parameters and memories, one flat row a client, kept by the
// rank that trained or evaluated it last. Rows of a round are staged, and count only when the round is committed.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "comm/communicator.hpp"
#include "core/client_id.hpp"
#include "federation/placement.hpp"
#include "federation/row_shelf.hpp"

namespace fedorbit {

/// The rows of all clients on their way to a file or from one: nobody holds more than a few of them at once.
struct ClientRows {
  using Take = std::function<void(const Tensor& row)>;  // (length) float32

  std::vector<ClientId> clients{};  // who has one, ascending; at the root
  std::int64_t length = 0;
  std::function<void(const Take& take)> visit{};  // calls with the row of each, in that order; to be called once
};

class ClientStore {
 public:
  /// `row_length` float32 numbers a client; a length of 0 keeps nothing and moves nothing.
  explicit ClientStore(std::int64_t row_length, RowShelf::Room room = {});

  /// Collective: moves the rows of these groups' clients to the ranks that the placement gives them to. Who of them has
  /// a row, ascending.
  std::vector<ClientId> gather_at(const Placement& placement, Communicator& communicator);
  /// Whether this rank has a committed row of that client: after gather_at(), if any has.
  bool has(ClientId client) const { return rows_.contains(client); }
  /// Numbers [first, first + n) of such a row into `into`, (n) in one piece on the CPU.
  void read(ClientId client, std::int64_t first, const Tensor& into) const { rows_.at(client)->read(first, into); }
  /// New rows (K, row_length) for clients that this rank trained.
  void stage(const std::vector<ClientId>& clients, const Tensor& rows);
  /// Makes the staged rows count, but for those of clients that are dropped.
  void commit(const std::vector<ClientId>& dropped);
  void discard() { staged_.clear(); }

  /// Collective: all committed rows. Their visit is collective, too: it takes at the root, other ranks send what they
  /// have.
  ClientRows everything(Communicator& communicator) const;
  /// At the root, which holds such rows from then on.
  void restore(const ClientRows& everything);

 private:
  struct Move {
    ClientId client;
    int from, to;
  };
  /// The next of the moves that go together, taken out of them: no rank has more than a few rows on their way at once.
  std::vector<Move> next_of(std::vector<Move>& moves, int ranks) const;
  /// Collective: what comes to this rank by these moves, in their order.
  std::vector<std::pair<ClientId, Tensor>> moved(const std::vector<Move>& moves, Communicator& communicator) const;
  /// Collective: who has a row and which rank holds it, ascending by client, at the root.
  std::vector<std::pair<ClientId, int>> holders(Communicator& communicator) const;

  std::int64_t row_length_, moving_;  // rows on their way at once
  RowShelf shelf_;
  std::map<ClientId, std::unique_ptr<const KeptRow>> rows_, staged_;  // who holds others' is asked for when they move
};

}  // namespace fedorbit
