#include "simulation/evaluation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <limits>

#include "algorithms/learners/prompt.hpp"
#include "algorithms/losses/cross_entropy.hpp"
#include "simulation/cohort.hpp"
#include "simulation/linear_probe.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t labelled_at_once = 128;  // images

/// What a model made of some images: right answers, images and summed loss by class.
struct Tally {
  explicit Tally(std::int64_t classes) : correct(std::size_t(classes)), total(std::size_t(classes)) {}
  std::vector<std::int64_t> correct, total;
  double loss = 0;

  /// Row k of logits (K, B, C) against the batch's labels.
  void add(const Tensor& logits, const Batch& batch, std::int64_t k) {
    const Tensor scores = logits[k].to(at::kCPU).contiguous();
    const Tensor losses = at::log_softmax(scores, 1), answers = scores.argmax(1);
    const Tensor labels = batch.labels[k].to(at::kCPU), present = batch.present[k].to(at::kCPU);
    for (std::int64_t b = 0; b < scores.size(0); ++b) {
      if (present.const_data_ptr<float>()[b] == 0) continue;
      const std::int64_t label = labels.const_data_ptr<std::int64_t>()[b];
      ++total[std::size_t(label)];
      correct[std::size_t(label)] += answers.const_data_ptr<std::int64_t>()[b] == label;
      loss -= double(losses.const_data_ptr<float>()[b * scores.size(1) + label]);
    }
  }
};

std::int64_t sum(const std::vector<std::int64_t>& counts) {
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  return total;
}

EvaluationRecord record(std::int64_t round, const std::string& view, ClientId client, const Tally& tally) {
  const std::int64_t total = sum(tally.total);
  return {round,         view,
          client,        sum(tally.correct),
          total,         total > 0 ? tally.loss / double(total) : std::numeric_limits<double>::quiet_NaN(),
          tally.correct, tally.total};
}

}  // namespace

EvaluationRecord Evaluation::over_pool(const std::string& view, std::int64_t round, bool with_patches,
                                       const Scorer& scorer) {
  const at::NoGradGuard no_gradient;
  const auto& pool = workshop_.partition.test_pool();
  const std::int64_t chunks = (std::int64_t(pool.size()) + labelled_at_once - 1) / labelled_at_once;
  // A row a chunk: right answers and images by class, then the loss; chunks are shared among ranks, rows are not.
  Tensor counts = at::zeros({chunks, 2, classes_}, at::kLong), losses = at::zeros({chunks}, at::kDouble);
  for (std::int64_t c = communicator_.rank(); c < chunks; c += communicator_.size()) {
    const std::size_t first = std::size_t(c * labelled_at_once);
    const Batch batch = workshop_.samples.batch(
        std::span(pool).subspan(first, std::min(std::size_t(labelled_at_once), pool.size() - first)), with_patches);
    Tally tally(classes_);
    tally.add(scorer(batch), batch, 0);
    counts[c][0].copy_(at::tensor(tally.correct));
    counts[c][1].copy_(at::tensor(tally.total));
    losses[c] = tally.loss;
  }
  communicator_.all_reduce(counts);
  communicator_.all_reduce(losses);
  Tally whole(classes_);
  for (std::int64_t c = 0; c < chunks; ++c) {
    for (std::int64_t label = 0; label < classes_; ++label) {
      whole.correct[std::size_t(label)] += counts[c][0][label].item<std::int64_t>();
      whole.total[std::size_t(label)] += counts[c][1][label].item<std::int64_t>();
    }
    whole.loss += losses[c].item<double>();
  }
  return record(round, view, -1, whole);
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

  // A row a client: right answers and images by class, then the loss.
  Tensor counts = at::zeros({std::int64_t(clients.size()), 2, classes_}, at::kLong);
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
      counts[first_row + std::int64_t(k)][0].copy_(at::tensor(tallies[k].correct));
      counts[first_row + std::int64_t(k)][1].copy_(at::tensor(tallies[k].total));
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
    for (std::int64_t label = 0; label < classes_; ++label) {
      own.correct[std::size_t(label)] = mine[0][label].item<std::int64_t>();
      own.total[std::size_t(label)] = mine[1][label].item<std::int64_t>();
      pooled.correct[std::size_t(label)] += own.correct[std::size_t(label)];
      pooled.total[std::size_t(label)] += own.total[std::size_t(label)];
    }
    own.loss = losses[std::int64_t(i)].item<double>();
    pooled.loss += own.loss;
    if (sum(own.total) == 0) continue;
    records.push_back(record(server.round, "personal", clients[i], own));
    // Long tables: by class only for all clients together.
    records.back().class_correct.clear();
    records.back().class_total.clear();
  }
  records.push_back(record(server.round, "personal", -1, pooled));
  return records;
}

}  // namespace fedorbit
