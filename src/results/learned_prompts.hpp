// What a run has learned, read back from its results, to be tried on other images and other class names.
#pragma once
#include <filesystem>
#include <memory>

#include "federation/experiment.hpp"
#include "io/safetensors.hpp"

namespace fedorbit {

struct LearnedPrompts {
  std::filesystem::path file;
  MethodOptions method;
  LearnerOptions learner;
  EngineOptions engine;
  NamedTensors shared;                 // by the names of the learner's layout
  std::string weights;                 // checksum of the weights it was learned with
  std::optional<WeightOptions> named;  // how the run named them; nothing where that is not known
};

/// From a finished run's directory or its results.h5, or from a prompts.safetensors, which the learner "prompt" reads.
LearnedPrompts read_learned_prompts(const std::filesystem::path& path);

/// The learner, and its parameters for the given classes. Throws where the weights are others, or a tensor does not
/// fit.
struct TrainedLearner {
  std::unique_ptr<Classifier> learner;
  Parameters parameters;
};
TrainedLearner revive(const LearnedPrompts& learned, const Clip& clip, const std::vector<std::string>& class_names,
                      at::Device device);

}  // namespace fedorbit
