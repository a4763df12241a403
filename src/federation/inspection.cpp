#include "federation/inspection.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "algorithms/row_norm.hpp"

namespace fedorbit {

void inspect(const Workshop& workshop, const Tensor& received, TurnOutcome& turn) {
  const auto K = std::int64_t(turn.clients.size());
  for (const auto& [name, extra] : workshop.strategy.extras(workshop.learner.layout()))
    if (!extra.sent) turn.inspected[name] = at::zeros({K, extra.length});
  for (std::int64_t k = 0; k < K; ++k) {
    if (!turn.finite[std::size_t(k)]) continue;
    const Tensor model = received[k] + at::cat({turn.upload.update[k], turn.statistics[k]});  // (P + S)
    for (const auto& [name, values] : workshop.strategy.inspect(model, workshop.learner, workshop.public_images))
      turn.inspected.at(name)[k].copy_(values);
  }
  for (const auto& [name, rows] : turn.inspected) {
    const Tensor norms = row_norms(rows);
    for (std::int64_t k = 0; k < K; ++k)
      turn.finite[std::size_t(k)] = turn.finite[std::size_t(k)] && std::isfinite(norms.const_data_ptr<double>()[k]);
  }
}

}  // namespace fedorbit
