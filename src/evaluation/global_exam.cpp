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
    Score about{.round = server.round, .scope = scope::global, .split = images.name, .task = task::labelling};
    const std::vector<Score> found = scores_of(answers, questions_.data, about);
    scores.insert(scores.end(), found.begin(), found.end());
    for (std::size_t i = 0; i < images.clients.size(); ++i) {
      about.client = images.clients[i];
      append(scores, about, tally_of(answers, questions_.data, images.of_client[i]));
    }
  }
  return scores;
}

}  // namespace fedorbit
