// What clients are sent: a message is written and read once a round, however many clients, groups and exams it goes to.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "algorithms/codec.hpp"
#include "algorithms/strategy.hpp"
#include "federation/mirror.hpp"

namespace fedorbit {

/// What clients are given at the start of a turn.
struct Received {
  Tensor shared;                         // (K, P + S), one row expanded where all are the same
  bool alike = false;                    // whether its rows are the same numbers
  std::map<std::string, Tensor> extras;  // name -> (K, n), one row expanded where all are the same
};

/// A codec that loses nothing writes the vectors themselves, any other one by how much they are to change: see Mirror.
class Downloads {
 public:
  /// Of the round that `server` is in; everything outlives this.
  Downloads(Strategy& strategy, const Codec& codec, const Layout& layout, const Server& server, const Keys& keys,
            const Mirror& mirror)
      : strategy_(strategy), codec_(codec), layout_(layout), server_(server), keys_(keys), mirror_(mirror) {}
  /// The weights as these clients read them, and a strategy's extras: those with a number for each weight go through
  /// the codec, too. Throws where what loses something would not be the same for all clients.
  Received of(std::span<const ClientId> clients);
  /// What this client is billed for them: where the codec loses something, by the mirror's knowledge of what it missed.
  FederatedBytes bytes(ClientId client);
  /// Before the server's step of each round that counts, on every rank: its messages have arrived, and the mirror,
  /// which is that of this, is to hold what they say.
  void commit(Mirror& mirror);

 private:
  /// The last message of that name: most strategies send everyone the same.
  struct Written {
    Tensor values;  // (P)
    Tensor read;    // (P), as clients hold it then
    Tensor given;   // the same, of weights (P + S): statistics follow as they are
    std::int64_t bytes = 0;
  };
  const Written& write(const std::string& name, const Tensor& values);
  /// What a message weighs that makes a client hold what this one says.
  std::int64_t bill(const std::string& name, const Written& written, ClientId client) const;

  Strategy& strategy_;
  const Codec& codec_;
  const Layout& layout_;
  const Server& server_;
  Keys keys_;
  const Mirror& mirror_;
  std::map<std::string, Written> written_;
};

}  // namespace fedorbit
