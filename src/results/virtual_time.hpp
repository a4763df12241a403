// The seconds that a finished run's messages and steps would take in a real federation: a round begins when the
// slowest client of the one before has sent its update.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "federation/links.hpp"

namespace fedorbit {

struct VirtualTurn {
  std::int64_t round, client;
  Transit download, upload;
  double training_seconds;
  double seconds() const { return download.seconds() + training_seconds + upload.seconds(); }
};

struct VirtualRound {
  std::int64_t round;
  double start, seconds;  // since the run began; of the slowest client
  std::int64_t slowest;
};

struct VirtualTime {
  std::vector<VirtualTurn> turns;
  std::vector<VirtualRound> rounds;
  /// When so many rounds were done.
  double after(std::int64_t rounds_done) const;
};

/// Of the turns in a results file, whose server's link all clients of a round share.
VirtualTime virtual_time(const std::filesystem::path& results, const Links& links);

/// Seconds a local step took on the machine of the run: the mean over its turns.
double measured_step_seconds(const std::filesystem::path& results);

/// A results file with /virtual_turns and /virtual_rounds, whole or not at all.
void write_virtual_time(const std::filesystem::path& path, const VirtualTime& time,
                        const std::map<std::string, std::string>& attributes);

}  // namespace fedorbit
