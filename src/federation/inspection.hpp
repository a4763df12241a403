// What the server computes of each client's model before it is summed: by the rank that has trained the client, so that
// nothing travels for it, in this program or in a federation.
#pragma once
#include "federation/turn.hpp"

namespace fedorbit {

/// `received` (K, P + S) is what the clients of the turn were sent, to which the server adds what it decoded. One model
/// after the other, so that bits do not depend on groups; what comes must be finite, as what is sent.
void inspect(const Workshop& workshop, const Tensor& received, TurnOutcome& turn);

}  // namespace fedorbit
