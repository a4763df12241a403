// The accuracies that stand for an evaluation, by name, and the last evaluation in a results file.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/score.hpp"

namespace fedorbit {

/// (name, accuracy) in the order in which they were judged: of all images in one pool, and, where clients were judged
/// one by one, the plain mean over them. Names are those of tasks ("zero-shot"), and of scopes with which of the two it
/// is ("global pool", "global mean"); between them stand the task, where it is not labelling by the learner itself
/// ("global probe pool"), and the split, where it is not that of testing ("global validation mean").
std::vector<std::pair<std::string, double>> accuracies(const std::vector<Score>& scores);

/// The accuracies in a results file, those of each scope, task and split as they were judged last, of the first `until`
/// rounds where that is said.
std::vector<Score> latest_scores(const std::filesystem::path& results, std::optional<std::int64_t> until = {});

/// After how many rounds each accuracy that training changes first was as high as asked for; none where it never was.
std::vector<std::pair<std::string, std::optional<std::int64_t>>> rounds_to(double accuracy,
                                                                           const std::filesystem::path& results);

}  // namespace fedorbit
