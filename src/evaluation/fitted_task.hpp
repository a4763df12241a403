// Labelling by a classifier that is fitted to features of training images: a linear one, or their votes.
#pragma once
#include <functional>
#include <span>
#include <string>

#include "algorithms/learner.hpp"

namespace fedorbit {

/// What it is called in scores, and what fits it to `train` of the features (N, d) with labels (N).
struct FittedTask {
  std::string name;
  std::function<Scorer(const Tensor& features, const Tensor& labels, std::span<const std::int64_t> train)> fit;
};

/// By a linear classifier (evaluation/linear_probe.hpp).
FittedTask probe_task(std::int64_t classes);
/// By the votes of the k nearest (evaluation/nearest_neighbours.hpp).
FittedTask neighbours_task(std::int64_t classes, std::int64_t k, double temperature);

}  // namespace fedorbit
