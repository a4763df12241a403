// The small message of a round: what every rank must know of the others before the sums move is reduced, and records of
// turns are gathered at the root alone, so that no rank's memory grows with all ranks' clients.
#pragma once
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/cohort.hpp"
#include "federation/observer.hpp"

namespace fedorbit {

/// What all ranks know of a round that was trained.
struct Verdict {
  bool stop = false;                    // a signal came: the round is to be discarded
  std::vector<std::int64_t> exponents;  // of each tensor and extra, see Aggregation::exponents
  std::vector<Fate> fates;              // of each client of the cohort, in its order
};

/// Collective: the largest of all ranks', number by number; lengths are the same everywhere.
Verdict agreed(const Verdict& mine, Communicator& communicator);

/// What one rank says of its part of a round.
struct RankReport {
  std::vector<Spent> spent;       // since its last report
  std::vector<TurnRecord> turns;  // by client
};

/// Collective: the reports of all ranks, in the order of ranks, at the root; none elsewhere. `most_clients`, the length
/// of diagnostics, and the collectives of what was spent are the same everywhere.
std::vector<RankReport> gather_reports(const RankReport& mine, std::size_t most_clients, std::size_t diagnostics,
                                       Communicator& communicator);

/// Seconds of every phase that each rank was at.
std::vector<SpentRecord> spent_records(const std::vector<RankReport>& reports);
/// Rows of the transport ledger: what each rank moved.
std::vector<TransportRecord> transport_records(const std::vector<RankReport>& reports);

}  // namespace fedorbit
