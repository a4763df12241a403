// What clients start from, said in one place for training and for evaluation: what the server sends them, what they
// kept, and what the strategy makes of both.
#pragma once
#include "comm/communicator.hpp"
#include "evaluation/exam.hpp"
#include "federation/client_store.hpp"
#include "federation/cost_model.hpp"
#include "federation/turn.hpp"
#include "federation/versions.hpp"

namespace fedorbit {

/// Whether clients start from anything but what the server has.
inline bool start_apart(const Learner& learner, const Strategy& strategy) {
  return learner.layout().size(Owner::personal) > 0 || strategy.downloads_differ() || strategy.blends();
}

/// Clients that have arrived: their turn may begin.
struct Arrival {
  Group& group;
  Turn turn;
};

/// Puts these clients into their group's tensors. `steps`: how many each is to take in this turn.
Arrival arrive(Workshop& workshop, const Server& server, Downloads& downloads, std::span<const ClientId> clients,
               const ClientStore& kept, const std::vector<std::int64_t>& steps);

/// The clients of a federation as exams see them, each judged where its kept row is moved to.
class ArrivingClients final : public Clients {
 public:
  ArrivingClients(Workshop& workshop, Versions& versions, ClientStore& store, CostModel& costs,
                  Communicator& communicator)
      : workshop_(workshop), versions_(versions), store_(store), costs_(costs), communicator_(communicator) {}
  bool differ() const override;
  std::vector<std::vector<ClientId>> groups_here(const std::vector<ClientId>& clients) override;
  const Parameters& arrive(const Server& server, const std::vector<ClientId>& group) override;
  /// Whether it took part, and has images enough for a step. Where clients keep nothing, training leaves no mark on
  /// what they start from: as if all had.
  bool has_trained(ClientId client) const override;

 private:
  Workshop& workshop_;
  Versions& versions_;
  ClientStore& store_;
  CostModel& costs_;  // who trained a client evaluates it, if all take part
  Communicator& communicator_;
  std::vector<ClientId> kept_;  // of those that were asked for last, who keeps something
};

}  // namespace fedorbit
