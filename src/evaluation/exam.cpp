#include "evaluation/exam.hpp"

namespace fedorbit {

void append_split(std::vector<Score>& scores, const Answers& answers, const Questions& questions,
                  const SplitImages& images, Score about) {
  if (images.elsewhere) return append(scores, about, tally_of(answers, questions.data));
  const std::vector<Score> of_pool = scores_of(answers, questions.data, about);
  scores.insert(scores.end(), of_pool.begin(), of_pool.end());
  for (std::size_t i = 0; i < images.clients.size(); ++i) {
    about.client = images.clients[i];
    append(scores, about, tally_of(answers, questions.data, images.of_client[i]));
  }
}

}  // namespace fedorbit
