#include "federation/staleness.hpp"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace fedorbit {

void age(TurnOutcome& turn, const Server& begun, const Server& now, const ScheduleOptions& options) {
  const std::int64_t staleness = now.round - begun.round;
  if (staleness == 0) return;
  const double share = std::pow(1 + double(staleness), -options.staleness_exponent);
  Tensor& update = turn.upload.update;  // (K, P)
  if (options.stale == "model") update = update + (begun.global - now.global);
  update = update * share;
  if (now.statistics.defined()) turn.statistics = (turn.statistics + (begun.statistics - now.statistics)) * share;
}

}  // namespace fedorbit
