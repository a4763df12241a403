// The seconds that a run's messages and steps take in a real federation: those of its own schedule, or of a finished
// run whose rounds each began when the slowest client of the one before had sent its update.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "federation/observer.hpp"
#include "results/table.hpp"

namespace fedorbit {

struct VirtualTime {
  std::vector<VirtualTurn> turns;
  std::vector<VirtualRound> rounds;
  /// When so many rounds were done.
  double after(std::int64_t rounds_done) const;
};

/// What the run itself has recorded of a schedule that goes by seconds; without rounds where there was none.
VirtualTime recorded_virtual_time(const std::filesystem::path& results);

/// Of the turns in a results file, whose server's link all clients of a round share.
VirtualTime virtual_time(const std::filesystem::path& results, const Links& links);

/// Seconds a local step took on the machine of the run: the mean over its turns.
double measured_step_seconds(const std::filesystem::path& results);

/// As rows of schema::virtual_turns and schema::virtual_rounds.
void add_rows(Table& table, const std::vector<VirtualTurn>& turns);
void add_rows(Table& table, const std::vector<VirtualRound>& rounds);

/// A results file with /virtual_turns and /virtual_rounds, whole or not at all.
void write_virtual_time(const std::filesystem::path& path, const VirtualTime& time,
                        const std::map<std::string, std::string>& attributes);

}  // namespace fedorbit
