#include "evaluation/encoder_exam.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "evaluation/judged_features.hpp"

namespace fedorbit {

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

std::vector<Score> EncoderExam::take(const Server& server, Clients&) {
  if (questions_.splits.empty() || tasks_.empty()) return {};
  const at::NoGradGuard no_gradient;
  Encoder& encoder = *learner_.encoder();
  Parameters parameters(learner_.layout(), 1, questions_.batches.device());
  parameters.flat(Owner::shared).copy_(server.parameters().unsqueeze(0));
  const Encoding encoding = encoder.encoding(parameters, Scope::global);
  const auto features = JudgedFeatures::of(questions_, [&](std::span<const std::int64_t> images) {
    return encoded(questions_.batches, images, encoder, encoding, communicator_);
  });
  std::vector<Score> scores;
  judge(questions_, tasks_, features, [&](std::size_t split, std::size_t task, const std::vector<Answers>& draws) {
    const SplitImages& images = questions_.splits[split];
    append_draws(scores, draws, questions_, images,
                 {.round = server.round, .scope = scope::global, .split = images.name, .task = tasks_[task].name});
  });
  return scores;
}

}  // namespace fedorbit
