// What a rank moved by collectives, and how long it took.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace fedorbit {

enum class Collective : std::int64_t { agree, broadcast, all_reduce, all_gather, gather, exchange, barrier };

inline constexpr std::array<const char*, 7> collective_names{"agree",  "broadcast", "all_reduce", "all_gather",
                                                             "gather", "exchange",  "barrier"};

inline const char* name(Collective collective) { return collective_names[std::size_t(collective)]; }

/// What one collective cost this rank.
struct Cost {
  std::int64_t calls = 0;
  std::int64_t bytes = 0;       // handed in by this rank, whatever the library then sent
  double waiting_seconds = 0;   // until the last rank arrived: imbalance
  double transfer_seconds = 0;  // from then on: network and memory
  bool operator==(const Cost&) const = default;
  Cost& operator+=(const Cost& other) {
    calls += other.calls;
    bytes += other.bytes;
    waiting_seconds += other.waiting_seconds;
    transfer_seconds += other.transfer_seconds;
    return *this;
  }
};

/// One Cost per collective. The agreement in front of every collective counts its calls and bytes under `agree` and
/// its time as that collective's waiting.
struct Traffic {
  std::array<Cost, collective_names.size()> costs;

  Cost& operator[](Collective collective) { return costs[std::size_t(collective)]; }
  const Cost& operator[](Collective collective) const { return costs[std::size_t(collective)]; }
  bool operator==(const Traffic&) const = default;
  Traffic& operator+=(const Traffic& other) {
    for (std::size_t i = 0; i < costs.size(); ++i) costs[i] += other.costs[i];
    return *this;
  }
};

}  // namespace fedorbit
