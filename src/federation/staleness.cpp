#include "federation/staleness.hpp"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace fedorbit {

void age(TurnOutcome& turn, std::int64_t staleness, const Tensor& start, const Tensor& now,
         const ScheduleOptions& options) {
  if (staleness == 0) return;
  Tensor& update = turn.upload.update;  // (K, P)
  if (options.stale == "model") update = update + (start - now);
  update = update * std::pow(1 + double(staleness), -options.staleness_exponent);
}

}  // namespace fedorbit
