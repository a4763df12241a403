// The small message of a round: what every rank must know of the others before the sums move. One row of float64 a
// rank, gathered at all of them.
#pragma once
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/observer.hpp"
#include "federation/placement.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// What one rank says of its part of a round.
struct RankReport {
  bool stop = false;              // a signal came: the round is to be discarded
  double training_seconds = 0;    // of the rank
  Tensor largest;                 // (segments) float64, see Aggregation::largest
  Traffic traffic;                // since its last report
  std::vector<TurnRecord> turns;  // by client
  std::vector<std::int64_t> weights;
  std::vector<bool> finite;
};

/// Collective: the reports of all ranks, in the order of ranks. `most_clients` and the lengths of `largest` and of
/// diagnostics are the same everywhere.
std::vector<RankReport> gather_reports(const RankReport& mine, std::size_t most_clients, std::size_t diagnostics,
                                       Communicator& communicator);

/// Rows of the transport ledger: what each rank moved in the round.
std::vector<TransportRecord> transport_records(const std::vector<RankReport>& reports, std::int64_t round);

}  // namespace fedorbit
