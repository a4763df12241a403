#include "evaluation/own_answers.hpp"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace fedorbit {

OwnAnswers::OwnAnswers(const Questions& questions, const SplitImages& images, AtOnce at_once)
    : questions_(questions), images_(images), at_once_(at_once) {
  const auto n = std::int64_t(questions.clients.size());
  counts_ = at::zeros({n, questions.data.classes, 2}, at::kLong);
  losses_ = at::zeros({n}, at::kDouble);
}

std::int64_t OwnAnswers::place_of(ClientId client) const {
  const auto found = std::ranges::lower_bound(questions_.clients, client);
  return found != questions_.clients.end() && *found == client ? found - questions_.clients.begin() : -1;
}

void OwnAnswers::forget(ClientId client) {
  if (const std::int64_t place = place_of(client); place >= 0) {
    counts_[place].zero_();
    losses_[place].zero_();
  }
}

void OwnAnswers::forget_all() {
  counts_.zero_();
  losses_.zero_();
}

void OwnAnswers::label(Classifier& classifier, std::span<const ClientId> group, const Parameters& parameters) {
  const at::NoGradGuard no_gradient;
  std::vector<std::int64_t> places;
  std::size_t most = 0;
  for (const ClientId client : group) {
    forget(client);
    places.push_back(place_of(client));
    if (places.back() >= 0) most = std::max(most, images_.of_client[std::size_t(places.back())].size());
  }
  if (most == 0) return;
  const Scorer scorer = classifier.scorer(parameters, Scope::personal);
  const std::int64_t classes = questions_.data.classes;
  auto* counts = counts_.mutable_data_ptr<std::int64_t>();
  auto* losses = losses_.mutable_data_ptr<double>();
  std::vector<Picks> picks;
  for (std::size_t first = 0; first < most; first += std::size_t(at_once_.images)) {
    picks.push_back({std::vector<std::vector<std::int64_t>>(group.size()), at_once_.images});
    for (std::size_t k = 0; k < group.size(); ++k) {
      if (places[k] < 0) continue;
      const auto& all = images_.of_client[std::size_t(places[k])];
      picks.back().images[k].assign(
          all.begin() + std::ptrdiff_t(std::min(first, all.size())),
          all.begin() + std::ptrdiff_t(std::min(first + std::size_t(at_once_.images), all.size())));
    }
    if (at_once_.one_by_one && group.size() == 1) picks.back().width = std::int64_t(picks.back().images.front().size());
  }
  const auto stream = questions_.batches.stream(picks, to_judge(classifier));
  for (const Picks& now : picks) {
    const Batch batch = stream->next();
    const Tensor logits = scorer(batch);
    for (std::size_t k = 0; k < group.size(); ++k) {
      if (now.images[k].empty()) continue;
      const Answered row = answered(logits, batch.labels, std::int64_t(k));
      for (std::size_t b = 0; b < now.images[k].size(); ++b) {
        const std::int64_t label = questions_.data.labels[std::size_t(now.images[k][b])];
        auto* of_class = counts + (places[k] * classes + label) * 2;
        of_class[0] += row.answers.const_data_ptr<std::int64_t>()[b] == label;
        of_class[1] += 1;
        losses[places[k]] += double(row.losses.const_data_ptr<float>()[b]);
      }
    }
  }
}

void OwnAnswers::share(Communicator& communicator) {
  communicator.all_reduce(counts_);
  communicator.all_reduce(losses_);
}

void OwnAnswers::append_scores(std::vector<Score>& scores, Score about,
                               const std::function<bool(ClientId)>& counts) const {
  const auto n = questions_.clients.size();
  const std::int64_t classes = questions_.data.classes;
  Tally pool;
  std::vector<Tally> by_class(std::size_t(classes), Tally{}), by_client(n, Tally{});
  for (std::size_t i = 0; i < n; ++i) {
    if (!counts(questions_.clients[i])) continue;
    Tally& mine = by_client[i];
    for (std::int64_t c = 0; c < classes; ++c) {
      const auto* count = counts_.const_data_ptr<std::int64_t>() + (std::int64_t(i) * classes + c) * 2;
      for (Tally* tally : {&pool, &by_class[std::size_t(c)], &mine})
        tally->correct += count[0], tally->count += count[1];
    }
    mine.loss = losses_.const_data_ptr<double>()[i];
    pool.loss += mine.loss;
  }
  about.split = images_.name;
  append(scores, about, pool);
  for (std::int64_t c = 0; c < classes; ++c) {
    about.label = c;
    append(scores, about, by_class[std::size_t(c)], false);
  }
  about.label = any;
  for (std::size_t i = 0; i < n; ++i) {
    about.client = questions_.clients[i];
    append(scores, about, by_client[i]);
  }
}

}  // namespace fedorbit
