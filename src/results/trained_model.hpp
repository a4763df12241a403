// What a run has learned: exported as a file of its own, and read back to be tried on other images and class names.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "federation/experiment.hpp"
#include "io/safetensors.hpp"

namespace fedorbit {

struct TrainedModel {
  std::filesystem::path file;
  std::string learner;  // by its name in a configuration
  LearnerOptions options;
  EngineOptions engine;
  NamedTensors shared;                     // by the names of the learner's layout
  std::string weights;                     // checksum of the weights it was learned with
  std::string data;                        // checksum of the data it was learned on; empty where that is not known
  std::string learner_weights;             // checksum of those that the learner read besides; empty where it read none
  std::string text_template, texts;        // what the run read of its classes; empty where that is not known
  std::optional<WeightOptions> named;      // how the run named its weights; nothing where that is not known
  std::vector<std::string> class_names{};  // that it was learned with; empty where they are not known

  /// Whether it was learned on imported features.
  bool of_imported() const { return weights.starts_with(imported_weights); }
};

/// Writes `file`: what a run of this experiment shares after so many rounds, with its learner, that learner's options,
/// and the checksums of the weights below it, which the file does not hold, and of the data.
void export_model(const std::filesystem::path& file, Experiment experiment,
                  const std::vector<std::pair<std::string, Tensor>>& shared, std::int64_t rounds_done,
                  const std::string& weights_checksum, const std::string& data_checksum,
                  const std::string& learner_weights, const std::vector<std::string>& class_names);

/// From a finished run's directory or its results.h5, from a model.safetensors, or from the prompts.safetensors of an
/// earlier run, which the learner "prompt" reads.
TrainedModel read_trained_model(const std::filesystem::path& path);

/// What a model's answers are to the classes of other images. One that reads no names tells the classes of its run
/// apart.
struct Labelling {
  bool possible = true;              // false: it has other classes, and its features alone can be judged
  bool same_classes = true;          // its own are these, in this order
  std::vector<std::int64_t> places;  // of these classes among its own, where their order differs
  std::string remark;                // what whoever reads its scores must know; empty: nothing
};

struct TrainedLearner {
  std::unique_ptr<Learner> learner;  // made for its own classes where it does not read their names
  Parameters parameters;
  Labelling labelling;
  /// None where it does not label these classes.
  Classifier* classifier() const { return labelling.possible ? learner->classifier() : nullptr; }
  /// What the classifier's answers are to these classes: batch -> logits (K, B, C).
  Scorer scorer() const;
};
/// What labels the material's classes, by their names. `weights` is the checksum of its weights. Throws where these are
/// others, a tensor does not fit, or a model without features of its own has other classes; of imported features, whose
/// weights are not known, only widths can be compared.
TrainedLearner revive(const TrainedModel& model, Material material, const std::string& weights, at::Device device);

}  // namespace fedorbit
