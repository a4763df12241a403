// What `fedorbit evaluate` found, on the terminal.
#pragma once
#include <string>
#include <vector>

#include "simulation/observer.hpp"

namespace fedorbit {

/// Several lines: the ensembles and how their templates do alone, accuracy by class, the pairs most often mistaken in
/// the first view.
std::string scores_in_words(const std::vector<EvaluationRecord>& scores, const std::vector<TemplateRecord>& templates,
                            const std::vector<std::string>& class_names);

}  // namespace fedorbit
