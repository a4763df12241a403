// Between the state of a simulation and the file that a killed run goes on from.
#pragma once
#include "comm/communicator.hpp"
#include "federation/observer.hpp"
#include "federation/simulation.hpp"
#include "results/checkpoint.hpp"

namespace fedorbit {

Checkpoint to_checkpoint(const State& state, const std::string& options_toml, const Journal::Mark& recorded);

/// What a killed run goes on from.
struct Restart {
  Checkpoint checkpoint;
  std::string warning;  // where it is not the newest
};

/// The newest checkpoint, at `path`. Where that is damaged, or the journal which it stands on, the one before it takes
/// its place, and it goes to damaged_path(path). Throws where no checkpoint is whole.
Restart whole_checkpoint(const std::filesystem::path& path, const std::filesystem::path& journal);

/// Throws where another build of the program wrote the checkpoint, unless `allowed`; a build from sources with changes
/// that no commit holds is known by the changes.
void require_same_build(const Checkpoint& checkpoint, bool allowed);

/// What the results say about a run that goes on so, on `hosts`.
std::vector<EventRecord> events_of_restart(const Restart& restart, const Communicator& communicator,
                                           const std::string& hosts);

/// Where a checkpoint is moved that turned out to be damaged.
std::filesystem::path damaged_path(const std::filesystem::path& checkpoint);

/// Collective: the root's checkpoint (others pass an empty one) as the state of every rank. Clients' rows stay at the
/// root until their clients take part.
State shared_state(const Checkpoint& checkpoint, Communicator& communicator);

}  // namespace fedorbit
