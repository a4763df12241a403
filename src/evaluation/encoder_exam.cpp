#include "evaluation/encoder_exam.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>

namespace fedorbit {
namespace {

Tensor labels_of(const Labelled& data, std::span<const std::int64_t> images) {
  std::vector<std::int64_t> labels;
  for (const std::int64_t image : images) labels.push_back(data.labels[std::size_t(image)]);
  return at::tensor(labels);
}

}  // namespace

Tensor encoded(const Batches& batches, std::span<const std::int64_t> images, Encoder& encoder, const Encoding& encoding,
               Communicator& communicator) {
  const at::NoGradGuard no_gradient;
  const auto n = std::int64_t(images.size());
  Tensor out = at::zeros({n, encoder.width()}, at::kFloat);
  std::vector<Picks> mine;
  for (std::int64_t first = communicator.rank() * labelled_at_once; first < n;
       first += communicator.size() * labelled_at_once)
    mine.push_back(
        picked(images.subspan(std::size_t(first)).first(std::size_t(std::min(labelled_at_once, n - first)))));
  const auto stream = batches.stream(std::move(mine), encoder.needs_to_encode());
  for (std::int64_t first = communicator.rank() * labelled_at_once; first < n;
       first += communicator.size() * labelled_at_once)
    out.narrow(0, first, std::min(labelled_at_once, n - first)).copy_(encoding(stream->next())[0]);
  communicator.all_reduce(out);
  return out;
}

Answers answers_to(const Tensor& features, const Tensor& labels, std::span<const std::int64_t> images,
                   const Scorer& scorer) {
  const at::NoGradGuard no_gradient;
  const auto n = std::int64_t(images.size());
  Answers out{images, at::zeros({n}, at::kLong), at::zeros({n}, at::kDouble)};
  for (std::int64_t first = 0; first < n; first += labelled_at_once) {
    const std::int64_t count = std::min(labelled_at_once, n - first);
    Batch batch;
    batch.features = features.narrow(0, first, count).unsqueeze(0);
    const Answered chunk = answered(scorer(batch), labels.narrow(0, first, count).unsqueeze(0), 0);
    out.answers.narrow(0, first, count).copy_(chunk.answers);
    out.losses.narrow(0, first, count).copy_(chunk.losses);
  }
  return out;
}

std::vector<Score> EncoderExam::take(const Server& server, Clients&) {
  if (questions_.splits.empty() || tasks_.empty()) return {};
  const at::NoGradGuard no_gradient;
  Encoder& encoder = *learner_.encoder();
  Parameters parameters(learner_.layout(), 1, questions_.batches.device());
  parameters.flat(Owner::shared).copy_(server.parameters().unsqueeze(0));
  const Encoding encoding = encoder.encoding(parameters, Scope::global);
  const auto features_of = [&](std::span<const std::int64_t> images) {
    return encoded(questions_.batches, images, encoder, encoding, communicator_);
  };
  std::vector<Scorer> fitted;
  {
    const Tensor features = features_of(questions_.train), labels = labels_of(questions_.data, questions_.train);
    std::vector<std::int64_t> rows(questions_.train.size());
    std::iota(rows.begin(), rows.end(), 0);
    for (const FittedTask& task : tasks_) fitted.push_back(task.fit(features, labels, rows));
  }
  std::vector<Score> scores;
  for (const SplitImages& images : questions_.splits) {
    const Tensor features = features_of(images.pool), labels = labels_of(questions_.data, images.pool);
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      const Answers answers = answers_to(features, labels, images.pool, fitted[t]);
      const Score about{.round = server.round, .scope = scope::global, .split = images.name, .task = tasks_[t].name};
      append_split(scores, answers, questions_, images, about);
    }
  }
  return scores;
}

}  // namespace fedorbit
