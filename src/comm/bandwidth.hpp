// Bandwidths in the definitions of nccl-tests, so that the ledger's columns compare with that benchmark's.
#pragma once
#include "comm/traffic.hpp"

namespace fedorbit {

/// The size S of a collective in bytes: what every rank handed in; gathering counts the rows of all ranks.
inline double message_bytes(Collective collective, double bytes_handed_in, int ranks) {
  const bool gathers = collective == Collective::all_gather || collective == Collective::gather;
  return gathers ? bytes_handed_in * ranks : bytes_handed_in;
}

/// algbw in bytes per second: S / seconds. Zero where nothing was timed.
inline double algorithm_bandwidth(Collective collective, double bytes_handed_in, int ranks, double seconds) {
  return seconds > 0 ? message_bytes(collective, bytes_handed_in, ranks) / seconds : 0;
}

/// How much of S crosses each link of an ideal network: 2(n-1)/n for all_reduce, (n-1)/n for gathers and exchange, 1
/// for broadcast. Agreements are all-reduces; a barrier moves nothing.
inline double bus_factor(Collective collective, int ranks) {
  const double others = double(ranks - 1) / ranks;
  switch (collective) {
    case Collective::agree:
    case Collective::all_reduce:
      return 2 * others;
    case Collective::all_gather:
    case Collective::gather:
    case Collective::exchange:
      return others;
    case Collective::broadcast:
      return 1;
    case Collective::barrier:
      return 0;
  }
  return 0;
}

/// busbw in bytes per second: algbw times the bus factor; comparable with the hardware's rate for any number of ranks.
inline double bus_bandwidth(Collective collective, double bytes_handed_in, int ranks, double seconds) {
  return algorithm_bandwidth(collective, bytes_handed_in, ranks, seconds) * bus_factor(collective, ranks);
}

}  // namespace fedorbit
