// What a server makes of reports that began from an older model than its own.
#pragma once
#include <vector>

#include "federation/schedule.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// Scales the updates of a turn whose model was `staleness` rounds old by (1 + staleness)^-a. Under
/// `stale = "model"` an update is first taken from the server's weights `now` instead of those that the clients began
/// with, `begun`. Running statistics always are: the server's stay a mean of such as clients have had, where several
/// that leave the same old ones would else take a variance below zero.
///   update (FedBuff, Nguyen et al. 2022, arXiv 2106.06639):  (1 + s)^-a (w_k - w_start)
///   model (FedAsync, Xie et al. 2019, arXiv 1903.03934):     (1 + s)^-a (w_k - w_now), of which the server takes
///                                                            fedavg.learning_rate, the paper's alpha
void age(TurnOutcome& turn, const Server& begun, const Server& now, const ScheduleOptions& options);

}  // namespace fedorbit
