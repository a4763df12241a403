// From turns to what observers are told of a round.
#pragma once
#include <vector>

#include "federation/cohort.hpp"
#include "federation/observer.hpp"
#include "federation/round_message.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// A record for each client of a turn.
std::vector<TurnRecord> turn_records(const TurnOutcome& turn);

/// What all ranks report of a round, at the root; the norm of the server's step and the seconds are left to the caller.
/// Losses are summed in the order of clients, so that they do not depend on ranks.
RoundRecord round_record(std::int64_t round, const Cohort& cohort, const std::vector<RankReport>& reports,
                         const Workshop& workshop);

}  // namespace fedorbit
