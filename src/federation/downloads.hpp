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
  std::vector<std::int64_t> bytes;       // of each client's message
};

class Downloads {
 public:
  /// Of the round that `server` is in; everything outlives the round.
  Downloads(Strategy& strategy, const Codec& codec, const Layout& layout, const Server& server)
      : strategy_(strategy), codec_(codec), layout_(layout), server_(server) {}
  /// The weights as these clients read them, statistics and a strategy's extras as they are.
  Received of(std::span<const ClientId> clients);

 private:
  Strategy& strategy_;
  const Codec& codec_;
  const Layout& layout_;
  const Server& server_;
  Tensor written_;  // the parameters of the last message: most strategies send everyone the same
  Tensor read_;     // what clients read of it
  std::int64_t bytes_ = 0;
};

}  // namespace fedorbit
