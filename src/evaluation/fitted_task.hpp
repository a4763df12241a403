// Labelling by a classifier that is fitted to features of training images: a linear one, their votes, or a linear one
// that is shown few of them.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "algorithms/learner.hpp"
#include "core/keys.hpp"
#include "data/partition.hpp"

namespace fedorbit {

/// Which of these are asked for: what [evaluation] of a run and [probe] of `fedorbit evaluate` have in common.
struct FittedOptions {
  bool linear_probe = true, neighbours = false;
  std::int64_t k = 20, draws = 5;
  double temperature = 0.07;
  std::string shots;
};

/// What it is called in scores, and what fits it to `train` of the features (N, d) with labels (N).
struct FittedTask {
  using Fit = std::function<Scorer(const Tensor& features, const Tensor& labels, std::span<const std::int64_t> train,
                                   std::int64_t draw)>;
  std::string name;
  Fit fit;
  std::int64_t draws = 1;  // how often it is fitted, each time to what `draw` draws of `train`; scores are means
};

/// By a linear classifier (evaluation/linear_probe.hpp).
FittedTask probe_task(std::int64_t classes);
/// By the votes of the k nearest (evaluation/nearest_neighbours.hpp).
FittedTask neighbours_task(std::int64_t classes, std::int64_t k, double temperature);
/// By the same linear classifier as probe_task(), fitted to so many training images of each class: which, (draw, class)
/// say. Those of more shots are those of fewer and others.
FittedTask few_shot_task(std::int64_t classes, std::int64_t shots, std::int64_t draws, const Keys& keys);

/// The probe and the neighbours, where they are asked for.
std::vector<FittedTask> fitted_tasks(const FittedOptions& options, std::int64_t classes);
/// Few-shot tasks for options.shots, a list ("1;5;10") that errors call `option`. Throws where that is no list of
/// numbers, or some class has fewer images among `train`.
std::vector<FittedTask> few_shot_tasks(const std::string& option, const FittedOptions& options, const Labelled& data,
                                       std::span<const std::int64_t> train, const Keys& keys);

}  // namespace fedorbit
