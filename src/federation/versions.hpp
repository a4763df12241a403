// The models that clients of a round begin with: the server's present one, and older ones where clients train all the
// time.
#pragma once
#include <map>

#include "federation/downloads.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

class Versions {
 public:
  explicit Versions(const Workshop& workshop) : workshop_(workshop) {}

  /// A round whose present model is `now`, which stays as it is until the next call.
  void begin(const Server& now);
  /// The server after so many rounds, as far as clients see it, and what it sends.
  const Server& server(std::int64_t version) const;
  Downloads& downloads(std::int64_t version);
  /// After a round: keeps the model that it began with, if some client still trains from it, and none that is older
  /// than the oldest of these.
  void end(std::int64_t oldest_version);

  /// Shared parameters (P + S) of older models, by their rounds.
  std::map<std::int64_t, Tensor> kept() const;
  void restore(const std::map<std::int64_t, Tensor>& kept);

 private:
  const Workshop& workshop_;
  const Server* now_ = nullptr;
  std::map<std::int64_t, Server> older_;
  std::map<std::int64_t, Downloads> downloads_;  // of this round
};

}  // namespace fedorbit
