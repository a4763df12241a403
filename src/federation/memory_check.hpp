// Whether a group of clients fits into memory: found out before the first round, not in the middle of it.
#pragma once
#include "comm/communicator.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// Throws where a step of a whole group takes more memory than this node, or the job's limit on it, has left for each
/// of its ranks: a sentence with the estimate and the largest group that fits. For clients trained on the CPU.
void require_memory(const Workshop& workshop, const Communicator& communicator);

}  // namespace fedorbit
