#include "evaluation/personal_encoder_exam.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "evaluation/judged_features.hpp"

namespace fedorbit {
namespace {

/// The features (K, n, d), float32 on the CPU, that each of K clients' encoders gives of these images; on this rank.
Tensor encoded_here(const Batches& batches, std::span<const std::int64_t> images, Encoder& encoder,
                    const Encoding& encoding, std::int64_t clients) {
  const auto n = std::int64_t(images.size());
  Tensor out = at::empty({clients, n, encoder.width()}, at::kFloat);
  std::vector<Picks> picks;
  for (std::int64_t first = 0; first < n; first += labelled_at_once) {
    Picks chunk = picked(images.subspan(std::size_t(first)).first(std::size_t(std::min(labelled_at_once, n - first))));
    chunk.images.resize(std::size_t(clients), chunk.images.front());
    picks.push_back(std::move(chunk));
  }
  const auto stream = batches.stream(picks, encoder.needs_to_encode());
  for (std::int64_t first = 0; first < n; first += labelled_at_once)
    out.narrow(1, first, std::min(labelled_at_once, n - first)).copy_(encoding(stream->next()));
  return out;
}

}  // namespace

PersonalEncoderExam::PersonalEncoderExam(const Questions& questions, Learner& learner, std::vector<FittedTask> tasks,
                                         Communicator& communicator)
    : questions_(questions), learner_(learner), tasks_(std::move(tasks)), communicator_(communicator) {
  std::erase_if(questions_.splits, [](const SplitImages& images) { return images.unseen; });
}

std::vector<Score> PersonalEncoderExam::take(const Server& server, Clients& clients) {
  if (server.round == 0 || !clients.differ() || questions_.splits.empty() || tasks_.empty()) return {};
  const at::NoGradGuard no_gradient;
  Encoder& encoder = *learner_.encoder();
  const std::vector<ClientId>& judged = questions_.clients;
  const auto n = std::int64_t(judged.size()), splits = std::int64_t(questions_.splits.size()),
             tasks = std::int64_t(tasks_.size());
  Tensor counts = at::zeros({n, splits, tasks, 2}, at::kLong),  // right answers, images
      losses = at::zeros({n, splits, tasks}, at::kDouble);
  for (const auto& group : clients.groups_here(judged)) {
    const Encoding encoding = encoder.encoding(clients.arrive(server, group), Scope::personal);
    const auto of_group = JudgedFeatures::of(questions_, [&](std::span<const std::int64_t> images) {
      return encoded_here(questions_.batches, images, encoder, encoding, std::int64_t(group.size()));
    });
    for (std::size_t k = 0; k < group.size(); ++k) {
      JudgedFeatures own{of_group.train[std::int64_t(k)], {}};
      for (const Tensor& features : of_group.splits) own.splits.push_back(features[std::int64_t(k)]);
      const std::int64_t place = std::ranges::lower_bound(judged, group[k]) - judged.begin();
      judge(questions_, tasks_, own, [&](std::size_t split, std::size_t task, const std::vector<Answers>& draws) {
        auto* count = counts[place][std::int64_t(split)][std::int64_t(task)].mutable_data_ptr<std::int64_t>();
        auto* loss = losses[place][std::int64_t(split)][std::int64_t(task)].mutable_data_ptr<double>();
        for (const Answers& answers : draws) {
          const Tally tally = tally_of(answers, questions_.data);
          count[0] += tally.correct, count[1] += tally.count, *loss += tally.loss;
        }
      });
    }
  }
  communicator_.all_reduce(counts);  // of a client one rank knows
  communicator_.all_reduce(losses);
  std::vector<Score> scores;
  for (std::int64_t s = 0; s < splits; ++s)
    for (std::int64_t t = 0; t < tasks; ++t)
      for (std::int64_t i = 0; i < n; ++i) {
        const ClientId client = judged[std::size_t(i)];
        const Tensor found = counts[i][s][t];
        append(scores,
               {.round = server.round,
                .scope = clients.has_trained(client) ? scope::personal : scope::untrained,
                .split = questions_.splits[std::size_t(s)].name,
                .client = client,
                .task = tasks_[std::size_t(t)].name},
               {found[0].item<std::int64_t>(), found[1].item<std::int64_t>(), losses[i][s][t].item<double>()});
      }
  return scores;
}

}  // namespace fedorbit
