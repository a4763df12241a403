#include "evaluation/answers.hpp"

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace fedorbit {

Needs to_judge(const Classifier& classifier) {
  Needs needs = classifier.needs_to_label();
  needs.labels = true;
  return needs;
}

Answered answered(const Tensor& logits, const Tensor& labels, std::int64_t k) {
  const Tensor scores = logits[k].to(at::kCPU).contiguous(), of_row = labels[k].to(at::kCPU);
  return {scores.argmax(1), -at::log_softmax(scores, 1).gather(1, of_row.unsqueeze(1)).squeeze(1).contiguous()};
}

Answers answers_of(const Batches& batches, std::span<const std::int64_t> images, const Needs& needs,
                   const Scorer& scorer, Communicator& communicator) {
  const at::NoGradGuard no_gradient;
  const auto n = std::int64_t(images.size());
  Answers out{images, at::zeros({n}, at::kLong), at::zeros({n}, at::kDouble)};
  const std::int64_t chunks = (n + labelled_at_once - 1) / labelled_at_once;
  std::vector<Picks> mine;
  for (std::int64_t c = communicator.rank(); c < chunks; c += communicator.size())
    mine.push_back(picked(images.subspan(std::size_t(c * labelled_at_once))
                              .first(std::size_t(std::min(labelled_at_once, n - c * labelled_at_once)))));
  const auto stream = batches.stream(std::move(mine), needs);
  for (std::int64_t c = communicator.rank(); c < chunks; c += communicator.size()) {
    const Batch batch = stream->next();
    const std::int64_t first = c * labelled_at_once, count = batch.labels.size(1);
    const Answered chunk = answered(scorer(batch), batch.labels, 0);
    out.answers.narrow(0, first, count).copy_(chunk.answers);
    out.losses.narrow(0, first, count).copy_(chunk.losses);
  }
  communicator.all_reduce(out.answers);
  communicator.all_reduce(out.losses);
  return out;
}

namespace {

/// Calls use(position, label) for each image.
template <class Use>
void for_each_image(const Answers& answers, const Labelled& data, const Use& use) {
  for (std::size_t i = 0; i < answers.images.size(); ++i) use(i, data.labels[std::size_t(answers.images[i])]);
}

}  // namespace

void append(std::vector<Score>& scores, Score about, const Tally& tally, bool with_loss) {
  if (tally.count == 0) return;
  about.count = tally.count;
  about.metric = "accuracy";
  about.value = tally.accuracy();
  about.correct = tally.correct;
  scores.push_back(about);
  if (!with_loss) return;
  about.metric = "loss";
  about.value = tally.mean_loss();
  about.correct = -1;
  scores.push_back(about);
}

std::vector<Score> scores_of(const Answers& answers, const Labelled& data, const Score& about) {
  const auto* answer = answers.answers.const_data_ptr<std::int64_t>();
  const auto* loss = answers.losses.const_data_ptr<double>();
  Tally all;
  std::vector<Tally> classes(std::size_t(data.classes)), domains(std::size_t(data.domain_count));
  for_each_image(answers, data, [&](std::size_t i, std::int64_t label) {
    const auto domain = std::size_t(data.domains[std::size_t(answers.images[i])]);
    for (Tally* tally : {&all, &classes[std::size_t(label)], &domains[domain]}) tally->add(answer[i] == label, loss[i]);
  });
  std::vector<Score> scores;
  append(scores, about, all);
  Score part = about;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    part.label = std::int64_t(c);
    append(scores, part, classes[c], false);
  }
  part.label = any;
  for (std::size_t d = 0; domains.size() > 1 && d < domains.size(); ++d) {
    part.domain = std::int64_t(d);
    append(scores, part, domains[d]);
  }
  return scores;
}

Tally tally_of(const Answers& answers, const Labelled& data) { return tally_of(answers, data, answers.images); }

Tally tally_of(const Answers& answers, const Labelled& data, std::span<const std::int64_t> images) {
  const auto* answer = answers.answers.const_data_ptr<std::int64_t>();
  const auto* loss = answers.losses.const_data_ptr<double>();
  Tally tally;
  for (const std::int64_t image : images) {
    const auto found = std::ranges::lower_bound(answers.images, image);
    if (found == answers.images.end() || *found != image) continue;
    const auto i = found - answers.images.begin();
    tally.add(answer[i] == data.labels[std::size_t(image)], loss[i]);
  }
  return tally;
}

std::vector<std::int64_t> confusion_of(const Answers& answers, const Labelled& data) {
  std::vector<std::int64_t> counts(std::size_t(data.classes * data.classes), 0);
  const auto* answer = answers.answers.const_data_ptr<std::int64_t>();
  for_each_image(answers, data,
                 [&](std::size_t i, std::int64_t label) { ++counts[std::size_t(label * data.classes + answer[i])]; });
  return counts;
}

}  // namespace fedorbit
