#include "federation/evaluation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "algorithms/losses/cosine.hpp"
#include "evaluation/linear_probe.hpp"
#include "evaluation/tally.hpp"
#include "federation/cohort.hpp"

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
  parameters.flat(Owner::shared).copy_(server.global.unsqueeze(0));
  return over_pool("global", server.round, workshop_.learner.labels_by_patches(),
                   workshop_.learner.scorer(parameters, Scope::global));
}

std::vector<EvaluationRecord> Evaluation::personal(const Server& server, ClientStore& store) {
  const at::NoGradGuard no_gradient;
  const auto& options = workshop_.experiment;
  const std::vector<ClientId> clients =
      draw_evaluated(workshop_.partition.clients(), options.evaluation.clients, workshop_.keys);
  const Placement placement = costs_.place(make_groups(clients, options.training.group_size), communicator_.size());
  store.gather_at(placement, communicator_);

  Tensor counts = at::zeros({std::int64_t(clients.size()), 2}, at::kLong);  // correct, all
  Tensor confusion = at::zeros({classes_ * classes_}, at::kLong);           // of all clients together
  Tensor losses = at::zeros({std::int64_t(clients.size())}, at::kDouble);
  // One width for all, so that bits do not depend on a client's neighbours.
  const std::int64_t width = std::min(labelled_at_once, options.training.batch_size);
  std::int64_t row = 0;
  for (std::size_t g = 0; g < placement.groups().size(); ++g) {
    const auto& group = placement.groups()[g];
    const std::int64_t first_row = row;
    row += std::int64_t(group.size());
    if (placement.rank_of(g) != communicator_.rank()) continue;
    Parameters parameters(workshop_.learner.layout(), std::int64_t(group.size()), workshop_.samples.device());
    parameters.flat(Owner::shared).copy_(server.global.unsqueeze(0).expand_as(parameters.flat(Owner::shared)));
    load_personal(workshop_, parameters, group, [&](ClientId client) { return store.find(client); });
    const Scorer scorer = workshop_.learner.scorer(parameters, Scope::personal);
    std::vector<Tally> tallies(group.size(), Tally(classes_));
    std::vector<std::vector<std::int64_t>> images;
    std::size_t most = 0;
    for (const ClientId client : group) {
      images.push_back(workshop_.partition.shard(client).test);
      most = std::max(most, images.back().size());
    }
    for (std::size_t first = 0; first < most; first += std::size_t(width)) {
      std::vector<std::vector<std::int64_t>> chosen;
      for (const auto& all : images)
        chosen.emplace_back(all.begin() + std::ptrdiff_t(std::min(first, all.size())),
                            all.begin() + std::ptrdiff_t(std::min(first + std::size_t(width), all.size())));
      const Batch batch = workshop_.samples.batch(chosen, width, workshop_.learner.labels_by_patches());
      const Tensor logits = scorer(batch);
      for (std::size_t k = 0; k < group.size(); ++k) tallies[k].add(logits, batch, std::int64_t(k));
    }
    for (std::size_t k = 0; k < group.size(); ++k) {
      const EvaluationRecord score = record_of(server.round, "personal", group[k], tallies[k]);
      counts[first_row + std::int64_t(k)].copy_(at::tensor({score.correct, score.total}));
      losses[first_row + std::int64_t(k)] = tallies[k].loss;
      confusion += at::tensor(tallies[k].confusion());
    }
  }
  for (Tensor* part : {&counts, &confusion, &losses}) communicator_.all_reduce(*part);

  std::vector<EvaluationRecord> records;
  double loss = 0;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto* count = counts.const_data_ptr<std::int64_t>() + 2 * i;
    if (count[1] == 0) continue;
    const double own = losses.const_data_ptr<double>()[i];
    loss += own;
    // Long tables: by class only for all clients together.
    records.push_back({server.round, "personal", clients[i], count[0], count[1], own / double(count[1]), {}, {}});
  }
  const Tally pooled(classes_, confusion, loss);
  records.push_back(record_of(server.round, "personal", -1, pooled));
  return records;
}

}  // namespace fedorbit
