// Whether a group of clients fits into memory: found out before the first round, not in the middle of it.
#pragma once
#include <vector>

#include "comm/communicator.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// Bytes that a rank takes at a moment of a round: whatever its group, and of each client in it.
struct MemoryUse {
  double fixed, client;
};
/// As far as they are known before the first round, the moments in which it takes most: on the CPU a local step, the
/// end of a turn and the server's step, on a GPU the first two as one. `ranks` share the clients.
std::vector<MemoryUse> memory_uses(const Workshop& workshop, int ranks);

/// Throws where a step of a whole group takes more memory than this node, or the job's limit on it, has left for each
/// of its ranks: a sentence with the estimate and the largest group that fits. For clients trained on the CPU.
void require_memory(const Workshop& workshop, const Communicator& communicator);

}  // namespace fedorbit
