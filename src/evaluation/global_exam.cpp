#include "evaluation/global_exam.hpp"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

namespace fedorbit {

std::vector<Score> GlobalExam::take(const Server& server, Clients&) {
  if (questions_.splits.empty()) return {};
  const at::NoGradGuard no_gradient;
  Classifier& classifier = *learner_.classifier();
  Parameters parameters(learner_.layout(), 1, questions_.batches.device());
  parameters.flat(Owner::shared).copy_(server.parameters().unsqueeze(0));
  const Scorer scorer = classifier.scorer(parameters, Scope::global);
  std::vector<Score> scores;
  for (const SplitImages& images : questions_.splits) {
    const Answers answers = answers_of(questions_.batches, images.pool, to_judge(classifier), scorer, communicator_);
    const Score about{.round = server.round, .scope = scope::global, .split = images.name, .task = task::labelling};
    append_split(scores, answers, questions_, images, about);
  }
  return scores;
}

}  // namespace fedorbit
