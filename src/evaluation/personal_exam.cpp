#include "evaluation/personal_exam.hpp"

#include "evaluation/own_answers.hpp"

namespace fedorbit {

std::vector<Score> PersonalExam::take(const Server& server, Clients& clients) {
  if (server.round == 0 || !clients.differ()) return {};
  std::vector<OwnAnswers> found;
  for (const SplitImages& images : questions_.splits)
    if (!images.unseen) found.emplace_back(questions_, images, at_once_);
  for (const auto& group : clients.groups_here(questions_.clients)) {
    const Parameters& parameters = clients.arrive(server, group);
    for (OwnAnswers& answers : found) answers.label(*learner_.classifier(), group, parameters);
  }
  std::vector<Score> scores;
  for (OwnAnswers& answers : found) {
    answers.share(communicator_);
    for (const bool trained : {true, false})
      answers.append_scores(
          scores,
          {.round = server.round, .scope = trained ? scope::personal : scope::untrained, .task = task::labelling},
          [&](ClientId client) { return clients.has_trained(client) == trained; });
  }
  return scores;
}

}  // namespace fedorbit
