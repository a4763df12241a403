#include "evaluation/fitted_task.hpp"

#include <memory>

#include "evaluation/linear_probe.hpp"
#include "evaluation/nearest_neighbours.hpp"
#include "evaluation/score.hpp"

namespace fedorbit {

FittedTask probe_task(std::int64_t classes) {
  return {task::probe,
          [classes](const Tensor& features, const Tensor& labels, std::span<const std::int64_t> train) -> Scorer {
            const auto probe = std::make_shared<LinearProbe>(
                features, labels, std::vector<std::int64_t>(train.begin(), train.end()), classes);
            return [probe](const Batch& batch) { return probe->logits(batch.features); };
          }};
}

FittedTask neighbours_task(std::int64_t classes, std::int64_t k, double temperature) {
  return {task::neighbours,
          [classes, k, temperature](const Tensor& features, const Tensor& labels,
                                    std::span<const std::int64_t> train) -> Scorer {
            const auto voters = std::make_shared<NearestNeighbours>(
                features, labels, std::vector<std::int64_t>(train.begin(), train.end()), classes, k, temperature);
            return [voters](const Batch& batch) { return voters->logits(batch.features); };
          }};
}

}  // namespace fedorbit
