// What `fedorbit evaluate` finds of its subject, and how it says so on the terminal.
#pragma once
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "evaluation/score.hpp"
#include "inputs/batch_sources.hpp"
#include "jobs/subject.hpp"

namespace fedorbit {

struct Scores {
  std::vector<Score> scores;
  std::vector<Confusion> confusions;  // one of each task, in the order in which they were done
  std::vector<TemplateRecord> templates;
};

/// Collective. Every set of texts, each of its templates and a trained model on all features of `sources`, or its
/// images where the model looks at those; the probe and the neighbours, where they are asked for, on those held out: of
/// the features of `sources`, and of those that a trained model's encoder gives.
Scores score(const EvaluateOptions& options, Subject& subject, const BatchSources& sources, Communicator& communicator);

/// Several lines: the ensembles and how their templates do alone, accuracy by class, the pairs most often mistaken in
/// the first task.
std::string in_words(const Scores& scores, const std::vector<std::string>& class_names);

}  // namespace fedorbit
