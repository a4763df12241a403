#include "evaluation/personal_exam.hpp"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace fedorbit {

void PersonalExam::label(const std::vector<ClientId>& group, const Parameters& parameters, Counts& into) const {
  Classifier& classifier = *learner_.classifier();
  const Scorer scorer = classifier.scorer(parameters, Scope::personal);
  std::vector<std::size_t> places;  // of the group's clients among all that are judged
  std::size_t most = 0;
  for (const ClientId client : group) {
    places.push_back(std::size_t(std::ranges::lower_bound(questions_.clients, client) - questions_.clients.begin()));
    most = std::max(most, questions_.of_client[places.back()].size());
  }
  const std::int64_t classes = questions_.data.classes;
  auto* counts = into.counts.mutable_data_ptr<std::int64_t>();
  auto* losses = into.losses.mutable_data_ptr<double>();
  std::vector<Picks> picks;
  for (std::size_t first = 0; first < most; first += std::size_t(width_)) {
    picks.push_back({{}, width_});
    for (const std::size_t place : places) {
      const auto& all = questions_.of_client[place];
      picks.back().images.emplace_back(all.begin() + std::ptrdiff_t(std::min(first, all.size())),
                                       all.begin() + std::ptrdiff_t(std::min(first + std::size_t(width_), all.size())));
    }
    if (group.size() == 1) picks.back().width = std::int64_t(picks.back().images.front().size());
  }
  const auto stream = questions_.batches.stream(picks, to_judge(classifier));
  for (const Picks& now : picks) {
    const Batch batch = stream->next();
    const Tensor logits = scorer(batch);
    for (std::size_t k = 0; k < group.size(); ++k) {
      const Answered row = answered(logits, batch.labels, std::int64_t(k));
      for (std::size_t b = 0; b < now.images[k].size(); ++b) {
        const std::int64_t image = now.images[k][b], label = questions_.data.labels[std::size_t(image)];
        auto* of_class = counts + (std::int64_t(places[k]) * classes + label) * 2;
        of_class[0] += row.answers.const_data_ptr<std::int64_t>()[b] == label;
        of_class[1] += 1;
        losses[places[k]] += double(row.losses.const_data_ptr<float>()[b]);
      }
    }
  }
}

std::vector<Score> PersonalExam::take(const Server& server, Clients& clients) {
  if (server.round == 0 || !clients.differ()) return {};
  const at::NoGradGuard no_gradient;
  const auto n = std::int64_t(questions_.clients.size()), classes = questions_.data.classes;
  Counts found{at::zeros({n, classes, 2}, at::kLong), at::zeros({n}, at::kDouble)};
  for (const auto& group : clients.groups_here(questions_.clients)) label(group, clients.arrive(server, group), found);
  communicator_.all_reduce(found.counts);
  communicator_.all_reduce(found.losses);

  std::vector<Score> scores;
  for (const bool trained : {true, false}) {
    Tally pool;
    std::vector<Tally> by_class(std::size_t(classes), Tally{}), by_client(std::size_t(n), Tally{});
    for (std::int64_t i = 0; i < n; ++i) {
      if (clients.has_trained(questions_.clients[std::size_t(i)]) != trained) continue;
      Tally& mine = by_client[std::size_t(i)];
      for (std::int64_t c = 0; c < classes; ++c) {
        const auto* count = found.counts.const_data_ptr<std::int64_t>() + (i * classes + c) * 2;
        for (Tally* tally : {&pool, &by_class[std::size_t(c)], &mine})
          tally->correct += count[0], tally->count += count[1];
      }
      mine.loss = found.losses.const_data_ptr<double>()[i];
      pool.loss += mine.loss;
    }
    Score about{.round = server.round,
                .scope = trained ? scope::personal : scope::untrained,
                .split = split::test,
                .task = task::labelling};
    append(scores, about, pool);
    for (std::int64_t c = 0; c < classes; ++c) {
      about.label = c;
      append(scores, about, by_class[std::size_t(c)], false);
    }
    about.label = any;
    for (std::int64_t i = 0; i < n; ++i) {
      about.client = questions_.clients[std::size_t(i)];
      append(scores, about, by_client[std::size_t(i)]);
    }
  }
  return scores;
}

}  // namespace fedorbit
