// One upload or download on the wire: what it is about, and what it weighs.
#pragma once
#include <cstdint>
#include <string>

#include "algorithms/layout.hpp"
#include "core/client_id.hpp"
#include "core/keys.hpp"

namespace fedorbit {

enum class Direction { upload, download };

/// Whose a message is that all clients are sent alike.
inline constexpr ClientId everyone = -1;
/// The name of a message of weights or of their update; others bear that of a strategy's extra.
inline constexpr const char* weights_message = "weights";

struct Message {
  const Layout& layout;
  std::string name;
  std::int64_t round;
  ClientId client;
  Direction direction;
  Keys keys;

  /// Random numbers that no other message has, the same at both ends.
  Stream stream() const;
  /// Which message it is, in words: "weights" from client 7 in round 3.
  std::string description() const;
};

/// Federated bytes of all that a client sends or is sent in a round, by what they are spent on.
struct FederatedBytes {
  std::int64_t payload = 0;     // weights, as the codec writes them
  std::int64_t statistics = 0;  // as they are
  std::int64_t extras = 0;      // what a strategy sends besides
  std::int64_t total() const { return payload + statistics + extras; }
  bool operator==(const FederatedBytes&) const = default;
};

/// Of numbers that travel as they are.
inline std::int64_t raw_bytes(std::int64_t numbers) { return numbers * std::int64_t(sizeof(float)); }

}  // namespace fedorbit
