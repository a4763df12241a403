// The options of `fedorbit evaluate`.
#pragma once
#include <cstdint>
#include <string>

#include "core/options.hpp"
#include "federation/experiment.hpp"

namespace fedorbit {

struct EvaluatedData {
  std::string path, features, feature_store, class_names;
  void fields(OptionList& v) {
    v("path", path, "a data set made by `fedorbit prepare`; empty, with no features: synthetic scenes");
    v("features", features, "a feature file made by `fedorbit encode`; alone it needs neither data nor weights");
    v("feature_store", feature_store, "folder that keeps image features; empty: the user's cache");
    v("class_names", class_names, "a file of other names for the classes, a line each, in their order");
  }
};

struct EvaluatedModel : WeightOptions {
  std::string templates, templates_file, trained;
  double logit_scale = 0;
  EvaluatedModel() {
    weights.clear();
  }  // the run's with a trained model, none with a feature file, else the embedded ones
  void fields(OptionList& v) {
    WeightOptions::fields(v);
    v("templates", templates, "what the tower reads of a class, separated by semicolons; {} stands for its name");
    v("templates_file", templates_file, "the same as a file, a line each");
    v("trained", trained, "what a run has learned: its directory, its results.h5, or its model.safetensors");
    v("logit_scale", logit_scale, "", "the factor on cosines in losses; 0: the tower's, or 100 of imported features", 0,
      1e6);
  }
};

struct ProbeOptions : FittedOptions {
  double test_fraction = 0.2;
  ProbeOptions() { neighbours = true; }
  void fields(OptionList& v) {
    v("linear", linear_probe, "whether a linear classifier is fitted to features");
    v("neighbours", neighbours, "whether images are labelled by their nearest neighbours");
    v("shots", shots,
      "also by linear classifiers fitted to so few labelled images of each class, in the mean over draws; several "
      "numbers separated by semicolons, as in 1;5;10");
    v("draws", draws, "draws", "of those images", 1, 1e4);
    v("test_fraction", test_fraction, "", "share of each class on which these are tested; the rest trains them", 0.01,
      0.9);
    v("k", k, "images", "how many neighbours vote", 1, 1e6);
    v("temperature", temperature, "", "a neighbour's vote is exp(cosine / temperature)", 1e-3, 1e3);
  }
};

struct EvaluateOptions {
  std::string name = "evaluation";
  std::int64_t seed = 1;
  EvaluatedData data;
  SyntheticOptions synthetic;
  EvaluatedModel model;
  ProbeOptions probe;
  MachineOptions machine;
  void fields(OptionList& v) {
    v("name", name, "what the evaluation is called in reports");
    v("seed", seed, "", "of the split for the probe and the neighbours, and of few-shot draws", 0, 9e15);
    v.section("data", data);
    v.section("synthetic", synthetic);
    v.section("model", model);
    v.section("probe", probe);
    v.section("machine", machine);
  }
};

}  // namespace fedorbit
