// What belongs to clients and outlives a turn: personal parameters and memories, one flat row a client, kept by the
// rank that trained or evaluated it last. Rows of a round are staged, and count only when the round is committed.
#pragma once
#include <map>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "core/client_id.hpp"
#include "federation/placement.hpp"

namespace fedorbit {

class ClientStore {
 public:
  /// `row_length` float32 numbers a client; a length of 0 keeps nothing and moves nothing.
  explicit ClientStore(std::int64_t row_length) : row_length_(row_length) {}

  /// Collective: moves the rows of these groups' clients to the ranks that the placement gives them to.
  void gather_at(const Placement& placement, Communicator& communicator);
  /// The committed row (row_length) of a client, or null where it has none yet. It is on this rank after gather_at().
  const Tensor* find(ClientId client) const;
  /// Whether any rank has a committed row of that client.
  bool knows(ClientId client) const { return holder_.contains(client); }
  /// New rows (K, row_length) for clients that this rank trained.
  void stage(const std::vector<ClientId>& clients, const Tensor& rows);
  /// Makes the staged rows count; every rank passes the round's placement and the clients whose rows are dropped.
  void commit(const Placement& placement, const std::vector<ClientId>& dropped);
  void discard() { staged_.clear(); }

  struct Everything {
    std::vector<ClientId> clients;  // ascending
    Tensor rows;                    // (clients, row_length)
  };
  /// Collective: all committed rows at the root; empty on other ranks.
  Everything collect(Communicator& communicator) const;
  /// Takes over collected rows, which the root holds from then on; every rank passes the same clients.
  void restore(const Everything& everything, const Communicator& communicator);

 private:
  std::int64_t row_length_;
  std::map<ClientId, Tensor> rows_, staged_;
  std::map<ClientId, int> holder_;  // of every client that has a row, on every rank
};

}  // namespace fedorbit
