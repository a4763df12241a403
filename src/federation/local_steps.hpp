// The images of every local step of a group's turn, known before the turn begins.
#pragma once
#include <span>
#include <vector>

#include "algorithms/batch.hpp"
#include "federation/experiment.hpp"

namespace fedorbit {

struct Workshop;

struct LocalPlan {
  std::vector<Picks> picks;                  // of each step; a client that is through has no images
  std::vector<std::int64_t> samples, steps;  // of each client
};

/// A group's turn whose images are on their way.
struct OpenedTurn {
  std::vector<std::int64_t> samples, steps;  // of each client
  std::int64_t most_steps;                   // of any
  std::unique_ptr<BatchStream> batches;      // as many
};

/// Each client's images are shuffled anew for every epoch. All steps of a group are as wide as Workshop::width, so that
/// shapes, and with them bits, do not depend on a client's neighbours; where training.group_size = 1 has clients train
/// one by one, batches have as many rows as images, so that none is seen twice.
LocalPlan plan_turn(const Workshop& workshop, std::span<const ClientId> clients, std::int64_t round);

/// Its batches may be in the making while another turn is taken.
OpenedTurn open_turn(const Workshop& workshop, std::span<const ClientId> clients, std::int64_t round);

}  // namespace fedorbit
