// What a collective of a backend takes for a message of a given size, every result checked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace fedorbit {

struct Measurement {
  Collective collective;
  c10::ScalarType type = at::kFloat;
  at::Device device = at::kCPU;
  std::int64_t bytes = 0;  // handed in by every rank; a multiple of the type's and, of an exchange, of the ranks
};

/// Seconds are of one call: the move alone, as the ledger counts it, without the agreement before it.
struct Measured {
  Measurement what;
  std::int64_t calls = 0;
  std::int64_t wrong = 0;                    // elements, of all calls and ranks
  double lowest = 0, mean = 0, highest = 0;  // over ranks, of each rank's mean: as osu_allreduce has them
  double median = 0;                         // over calls, of the slowest rank's
  double agreement = 0;                      // mean seconds of the agreement, ranks arriving together
  double bare = 0;  // over ranks and calls, of the library's own call by osu_allreduce's loop; NaN where it has none
};

/// Collective. `warm_ups` calls that do not count, then `calls` that do; ranks begin each together.
Measured measure(const Measurement& what, std::int64_t warm_ups, std::int64_t calls, Communicator& communicator);

/// seconds = latency + bytes / rate, fitted for the smallest mean square of relative errors.
struct LinkModel {
  double latency_seconds = 0, bytes_per_second = 0;
  double relative_error = 0;  // root mean square
};

/// Of the median seconds of at least two sizes; of measurements that differ in their bytes alone. None where they do
/// not tell a latency and a rate, both above 0, apart: sizes too much alike, or calls too few.
std::optional<LinkModel> fitted(const std::vector<Measured>& measured);

}  // namespace fedorbit
