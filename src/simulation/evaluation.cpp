#include "simulation/evaluation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "algorithms/learners/prompt.hpp"
#include "algorithms/losses/cross_entropy.hpp"
#include "simulation/cohort.hpp"
#include "simulation/linear_probe.hpp"
#include "simulation/scoring.hpp"

namespace fedorbit {

EvaluationRecord Evaluation::over_pool(const std::string& view, std::int64_t round, bool with_patches,
                                       const Scorer& scorer) {
  return record_of(
      round, view, -1,
      tally_of(workshop_.samples, workshop_.partition.test_pool(), classes_, with_patches, scorer, communicator_));
}

EvaluationRecord Evaluation::zero_shot(const Tensor& text_features, double logit_scale) {
  const Tensor texts = unit(text_features).unsqueeze(0).to(workshop_.samples.device());  // (1, C, d)
  return over_pool("zero-shot", 0, false,
                   [&](const Batch& batch) { return cosine_logits(batch.features, texts, logit_scale); });
}

EvaluationRecord Evaluation::linear_probe() {
  const LinearProbe probe(workshop_.samples.features(), workshop_.samples.labels(), workshop_.partition.train_pool(),
                          classes_);
  return over_pool("probe", 0, false, [&](const Batch& batch) { return probe.logits(batch.features); });
}

EvaluationRecord Evaluation::global(const Server& server) {
  const at::NoGradGuard no_gradient;
  Parameters parameters(workshop_.learner.layout(), 1, workshop_.samples.device());
  parameters.flat(Kind::shared).copy_(server.global.unsqueeze(0));
  return over_pool("global", server.round, workshop_.learner.labels_by_patches(),
                   workshop_.learner.scorer(parameters, View::global));
}

std::vector<EvaluationRecord> Evaluation::personal(const Server& server, ClientStore& store) {
  const at::NoGradGuard no_gradient;
  const auto& options = workshop_.experiment;
  const std::vector<ClientId> clients =
      draw_evaluated(workshop_.partition.clients(), options.evaluation.clients, workshop_.keys);
  const Placement placement = costs_.place(make_groups(clients, options.training.group_size), communicator_.size());
  store.gather_at(placement, communicator_);

  // A row a client: its confusion matrix, then the loss.
  Tensor counts = at::zeros({std::int64_t(clients.size()), classes_ * classes_}, at::kLong);
  Tensor losses = at::zeros({std::int64_t(clients.size())}, at::kDouble);
  std::int64_t row = 0;
  for (std::size_t g = 0; g < placement.groups().size(); ++g) {
    const auto& group = placement.groups()[g];
    const std::int64_t first_row = row;
    row += std::int64_t(group.size());
    if (placement.rank_of(g) != communicator_.rank()) continue;
    Parameters parameters(workshop_.learner.layout(), std::int64_t(group.size()), workshop_.samples.device());
    parameters.flat(Kind::shared).copy_(server.global.unsqueeze(0).expand_as(parameters.flat(Kind::shared)));
    load_personal(workshop_, parameters, group, [&](ClientId client) { return store.find(client); });
    const Scorer scorer = workshop_.learner.scorer(parameters, View::personal);
    std::vector<Tally> tallies(group.size(), Tally(classes_));
    std::vector<std::vector<std::int64_t>> images;
    std::size_t most = 0;
    for (const ClientId client : group) {
      images.push_back(workshop_.partition.shard(client).test);
      most = std::max(most, images.back().size());
    }
    for (std::size_t first = 0; first < most; first += std::size_t(labelled_at_once)) {
      std::vector<std::vector<std::int64_t>> chosen;
      for (const auto& all : images)
        chosen.emplace_back(all.begin() + std::ptrdiff_t(std::min(first, all.size())),
                            all.begin() + std::ptrdiff_t(std::min(first + std::size_t(labelled_at_once), all.size())));
      const Batch batch = workshop_.samples.batch(chosen, std::min(labelled_at_once, std::int64_t(most)),
                                                  workshop_.learner.labels_by_patches());
      const Tensor logits = scorer(batch);
      for (std::size_t k = 0; k < group.size(); ++k) tallies[k].add(logits, batch, std::int64_t(k));
    }
    for (std::size_t k = 0; k < group.size(); ++k) {
      counts[first_row + std::int64_t(k)].copy_(at::tensor(tallies[k].confusion()));
      losses[first_row + std::int64_t(k)] = tallies[k].loss;
    }
  }
  communicator_.all_reduce(counts);
  communicator_.all_reduce(losses);

  std::vector<EvaluationRecord> records;
  Tally pooled(classes_);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Tally own(classes_);
    const Tensor mine = counts[std::int64_t(i)];
    for (std::int64_t cell = 0; cell < classes_ * classes_; ++cell) {
      const std::int64_t label = cell / classes_, answer = cell % classes_;
      own.count(label, answer) = mine.const_data_ptr<std::int64_t>()[cell];
      pooled.count(label, answer) += own.count(label, answer);
    }
    own.loss = losses[std::int64_t(i)].item<double>();
    pooled.loss += own.loss;
    EvaluationRecord score = record_of(server.round, "personal", clients[i], own);
    if (score.total == 0) continue;
    records.push_back(std::move(score));
    // Long tables: by class only for all clients together.
    records.back().class_correct.clear();
    records.back().class_total.clear();
  }
  records.push_back(record_of(server.round, "personal", -1, pooled));
  return records;
}

}  // namespace fedorbit
