// What `fedorbit evaluate` judges: features with labels, and who reads the classes' names.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "data/dataset.hpp"
#include "data/features.hpp"
#include "jobs/evaluate_options.hpp"
#include "model/clip.hpp"
#include "results/trained_model.hpp"

namespace fedorbit {

struct Subject {
  FeatureSet set;
  std::optional<Dataset> dataset;  // whose images they are of, where it is named
  std::optional<Clip> clip;
  std::optional<TrainedLearner> trained;
  std::vector<PromptFeatures> prompts;
  std::vector<std::string> warnings;  // what whoever reads its scores must know
};

/// Collective. Nothing where a signal ended the encoding of images.
std::optional<Subject> open_subject(const EvaluateOptions& options, at::Device device, Communicator& communicator);

}  // namespace fedorbit
