// Between the state of a simulation and the file that a killed run goes on from.
#pragma once
#include "comm/communicator.hpp"
#include "federation/simulation.hpp"
#include "results/checkpoint.hpp"

namespace fedorbit {

Checkpoint to_checkpoint(const State& state, const std::string& options_toml);

/// Collective: the root's checkpoint (others pass an empty one) as the state of every rank. Clients' rows stay at the
/// root until their clients take part.
State shared_state(const Checkpoint& checkpoint, Communicator& communicator);

}  // namespace fedorbit
