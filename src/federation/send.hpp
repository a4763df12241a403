// The end of a turn: what clients send goes through the codec, is weighed, and is read as the server reads it.
#pragma once
#include "federation/turn.hpp"

namespace fedorbit {

/// Puts what the server reads in the place of `outcome.upload`, on the CPU, and what each client's message weighs into
/// `outcome.sent`. What clients could not say, (K, Workshop::residuals_length), for them to keep: pure, so that an
/// attempt that does not count leaves no trace.
Tensor send(const Workshop& workshop, const Turn& turn, const ClientStore& kept, TurnOutcome& outcome);

}  // namespace fedorbit
