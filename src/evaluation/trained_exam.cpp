#include "evaluation/trained_exam.hpp"

namespace fedorbit {

TrainedExam::TrainedExam(const Questions& questions, Learner& learner, AtOnce at_once, Communicator& communicator)
    : learner_(learner), communicator_(communicator) {
  for (const SplitImages& images : questions.splits)
    if (!images.unseen) found_.emplace_back(questions, images, at_once);
}

void TrainedExam::turn_ended(std::span<const ClientId> group, const std::vector<bool>& finite,
                             const Parameters& trained) {
  for (OwnAnswers& answers : found_) {
    answers.label(*learner_.classifier(), group, trained);
    for (std::size_t k = 0; k < group.size(); ++k)
      if (!finite[k]) answers.forget(group[k]);
  }
}

std::vector<Score> TrainedExam::take(const Server& server, Clients&) {
  std::vector<Score> scores;
  for (OwnAnswers& answers : found_) {
    answers.share(communicator_);
    // Who was in no turn was counted nowhere, and has no row.
    answers.append_scores(scores, {.round = server.round, .scope = scope::trained, .task = task::labelling},
                          [](ClientId) { return true; });
    answers.forget_all();
  }
  return scores;
}

}  // namespace fedorbit
