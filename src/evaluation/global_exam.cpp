#include "evaluation/global_exam.hpp"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

namespace fedorbit {

std::vector<Score> GlobalExam::take(const Server& server, Clients&) {
  const at::NoGradGuard no_gradient;
  Classifier& classifier = *learner_.classifier();
  Parameters parameters(learner_.layout(), 1, questions_.batches.device());
  parameters.flat(Owner::shared).copy_(server.parameters().unsqueeze(0));
  const Answers answers = answers_of(questions_.batches, questions_.test, to_judge(classifier),
                                     classifier.scorer(parameters, Scope::global), communicator_);
  Score about{.round = server.round, .scope = scope::global, .split = split::test, .task = task::labelling};
  std::vector<Score> scores = scores_of(answers, questions_.data, about);
  for (std::size_t i = 0; i < questions_.clients.size(); ++i) {
    about.client = questions_.clients[i];
    append(scores, about, tally_of(answers, questions_.data, questions_.of_client[i]));
  }
  return scores;
}

}  // namespace fedorbit
