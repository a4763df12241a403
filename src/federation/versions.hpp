// The models that clients of a round begin with: the server's present one, and older ones where clients train all the
// time.
#pragma once
#include <map>

#include "federation/downloads.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

class Versions {
 public:
  /// The present model is `now`, which changes between end() and what is asked next alone.
  Versions(const Workshop& workshop, const Server& now, const Mirror& mirror)
      : workshop_(workshop), now_(now), mirror_(mirror) {}

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
  const Server& now_;
  const Mirror& mirror_;
  std::map<std::int64_t, Server> older_;
  std::map<std::int64_t, Downloads> downloads_;  // of this round
};

}  // namespace fedorbit
