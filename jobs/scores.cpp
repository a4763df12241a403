#include "jobs/scores.hpp"

#include <numeric>

#include "algorithms/losses/cosine.hpp"
#include "core/error.hpp"
#include "evaluation/linear_probe.hpp"
#include "evaluation/nearest_neighbours.hpp"
#include "evaluation/tally.hpp"
#include "evaluation/zero_shot.hpp"

namespace fedorbit {

Scores score(const EvaluateOptions& options, Subject& subject, const Samples& samples, Communicator& communicator) {
  Scores scores;
  const auto classes = std::int64_t(subject.set.class_names.size());
  std::vector<std::int64_t> all(std::size_t(samples.labels().size(0)));
  std::iota(all.begin(), all.end(), 0);
  const auto judge = [&](const std::string& view, std::span<const std::int64_t> images, bool patches,
                         const Scorer& scorer) {
    const Tally tally = tally_of(samples, images, classes, patches, scorer, communicator);
    EvaluationRecord record = record_of(0, view, -1, tally);
    record.confusion = tally.confusion();
    return record;
  };
  const auto by_texts = [&](const Tensor& texts) -> Scorer {  // (C, d)
    const Tensor unit_texts = unit(texts.to(at::kFloat)).unsqueeze(0).to(samples.device());
    return [unit_texts, scale = subject.set.logit_scale](const Batch& batch) {
      return cosine_logits(batch.features, unit_texts, scale);
    };
  };
  for (const PromptFeatures& prompts : subject.prompts) {
    for (std::int64_t t = 0; t < prompts.features.size(0); ++t) {
      const EvaluationRecord one = judge("", all, false, by_texts(prompts.features[t]));
      scores.templates.push_back({prompts.name, prompts.templates[std::size_t(t)], one.correct, one.total, one.loss});
    }
    const std::string view = subject.prompts.size() == 1 ? "zero-shot" : prompts.name;
    scores.records.push_back(judge(view, all, false, by_texts(ensemble(prompts.features))));
  }
  if (subject.trained) {
    const Classifier& learner = *subject.trained->learner;
    scores.records.push_back(judge("model", all, learner.labels_by_patches(),
                                   subject.trained->learner->scorer(subject.trained->parameters, Scope::global)));
  }
  if (!options.probe.linear && !options.probe.neighbours) return scores;
  PartitionOptions split;
  split.clients = 1;
  split.test_fraction = options.probe.test_fraction;
  const std::vector<std::int64_t> domains(all.size(), 0);
  const auto pools =
      make_partition({{subject.set.labels.const_data_ptr<std::int64_t>(), all.size()}, domains, classes, 1}, split,
                     Keys(std::uint64_t(options.seed)));
  require(!pools->test_pool().empty() && !pools->train_pool().empty(),
          "there are too few images to split them for the probe and the neighbours; set probe.linear and "
          "probe.neighbours to false.");
  if (options.probe.linear) {
    const LinearProbe probe(samples.features(), samples.labels(), pools->train_pool(), classes);
    scores.records.push_back(
        judge("probe", pools->test_pool(), false, [&](const Batch& batch) { return probe.logits(batch.features); }));
  }
  if (options.probe.neighbours) {
    const NearestNeighbours voters(samples.features(), samples.labels(), pools->train_pool(), classes, options.probe.k,
                                   options.probe.temperature);
    scores.records.push_back(judge("neighbours", pools->test_pool(), false,
                                   [&](const Batch& batch) { return voters.logits(batch.features); }));
  }
  return scores;
}

}  // namespace fedorbit
