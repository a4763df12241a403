// What clients are sent in one round: a message is written and read once, however many clients and groups it goes to.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "algorithms/codec.hpp"
#include "algorithms/strategy.hpp"

namespace fedorbit {

/// What clients are given at the start of a turn.
struct Received {
  Tensor shared;                         // (K, P + S), one row expanded where all are the same
  bool alike = false;                    // whether its rows are the same numbers
  std::map<std::string, Tensor> extras;  // name -> (K, n), one row expanded where all are the same
  std::vector<FederatedBytes> bytes;     // of each client
};

class Downloads {
 public:
  /// Of the round that `server` is in; everything outlives the round.
  Downloads(Strategy& strategy, const Codec& codec, const Layout& layout, const Server& server, const Keys& keys)
      : strategy_(strategy), codec_(codec), layout_(layout), server_(server), keys_(keys) {}
  /// The weights as these clients read them, and a strategy's extras: those with a number for each weight go through
  /// the codec, too.
  Received of(std::span<const ClientId> clients);

 private:
  Strategy& strategy_;
  const Codec& codec_;
  const Layout& layout_;
  /// The last message of that name: most strategies send everyone the same.
  struct Written {
    Tensor values;  // (P)
    Tensor read;    // (P), of weights (P + S): statistics follow as they are
    std::int64_t bytes = 0;
  };
  const Written& write(const std::string& name, const Tensor& values);

  const Server& server_;
  Keys keys_;
  std::map<std::string, Written> written_;
};

}  // namespace fedorbit
