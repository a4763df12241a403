// The one number that stands for each view of an evaluation, and the last evaluation in a results file.
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/score.hpp"

namespace fedorbit {

/// (view, share of correct answers) in the order in which views come: the mean over clients where each was judged on
/// images of its own, else of all test images. Scores of no image do not count.
std::vector<std::pair<std::string, double>> view_scores(const std::vector<EvaluationRecord>& scores);

/// The scores in a results file, those of each view as they were taken last.
std::vector<EvaluationRecord> latest_scores(const std::filesystem::path& results);

}  // namespace fedorbit
