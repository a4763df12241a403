#include "evaluation/judged_features.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fedorbit {
namespace {

Tensor labels_of(const Labelled& data, std::span<const std::int64_t> images) {
  std::vector<std::int64_t> labels;
  for (const std::int64_t image : images) labels.push_back(data.labels[std::size_t(image)]);
  return at::tensor(labels);
}

}  // namespace

JudgedFeatures JudgedFeatures::of(const Questions& questions,
                                  const std::function<Tensor(std::span<const std::int64_t>)>& of_images) {
  JudgedFeatures features{of_images(questions.train), {}};
  for (const SplitImages& images : questions.splits) features.splits.push_back(of_images(images.pool));
  return features;
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

void judge(const Questions& questions, const std::vector<FittedTask>& tasks, const JudgedFeatures& features,
           const std::function<void(std::size_t, std::size_t, const std::vector<Answers>&)>& found) {
  const Tensor train_labels = labels_of(questions.data, questions.train);
  std::vector<Tensor> labels;
  for (const SplitImages& images : questions.splits) labels.push_back(labels_of(questions.data, images.pool));
  std::vector<std::int64_t> rows(questions.train.size());
  std::iota(rows.begin(), rows.end(), 0);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    std::vector<std::vector<Answers>> answers(questions.splits.size());
    for (std::int64_t draw = 0; draw < tasks[t].draws; ++draw) {
      const Scorer fitted = tasks[t].fit(features.train, train_labels, rows, draw);
      for (std::size_t s = 0; s < answers.size(); ++s)
        answers[s].push_back(answers_to(features.splits[s], labels[s], questions.splits[s].pool, fitted));
    }
    for (std::size_t s = 0; s < answers.size(); ++s) found(s, t, answers[s]);
  }
}

void append_draws(std::vector<Score>& scores, const std::vector<Answers>& draws, const Questions& questions,
                  const SplitImages& images, const Score& about) {
  if (draws.size() == 1) return append_split(scores, draws.front(), questions, images, about);
  Tally all;
  std::vector<double> shares;
  for (const Answers& answers : draws) {
    const Tally one = tally_of(answers, questions.data);
    all.correct += one.correct, all.count += one.count, all.loss += one.loss;
    shares.push_back(one.accuracy());
  }
  append(scores, about, all);
  double squares = 0;
  for (const double share : shares) squares += std::pow(share - all.accuracy(), 2);
  Score spread = about;
  spread.metric = "spread";
  spread.value = std::sqrt(squares / double(shares.size() - 1));
  spread.count = all.count;
  scores.push_back(spread);
}

}  // namespace fedorbit
