#include "evaluation/frozen_exam.hpp"

#include "algorithms/losses/cosine.hpp"

namespace fedorbit {

Scorer by_texts(const Tensor& text_features, double logit_scale, at::Device device) {
  const Tensor texts = unit(text_features.to(at::kFloat)).unsqueeze(0).to(device);  // (1, C, d)
  return [texts, logit_scale](const Batch& batch) { return cosine_logits(batch.features, texts, logit_scale); };
}

std::vector<Score> FrozenExam::take(const Server& server, Clients&) {
  if (questions_.splits.empty()) return {};
  const Scorer scorer = scorer_();
  std::vector<Score> scores;
  for (const SplitImages& images : questions_.splits) {
    const Answers answers = answers_of(questions_.batches, images.pool, Needs{}, scorer, communicator_);
    const std::vector<Score> found = scores_of(
        answers, questions_.data, {.round = server.round, .scope = scope::frozen, .split = images.name, .task = task_});
    scores.insert(scores.end(), found.begin(), found.end());
  }
  return scores;
}

}  // namespace fedorbit
