#include "jobs/scores.hpp"

#include <ATen/ops/tensor.h>

#include <numeric>

#include "core/error.hpp"
#include "evaluation/encoder_exam.hpp"
#include "evaluation/frozen_exam.hpp"
#include "inputs/class_texts.hpp"

namespace fedorbit {

Scores score(const EvaluateOptions& options, Subject& subject, const BatchSources& sources,
             Communicator& communicator) {
  const KeptFeatures& features = *sources.features;
  Scores found;
  const auto classes = std::int64_t(subject.set.class_names.size());
  std::vector<std::int64_t> all(std::size_t(features.labels().size(0)));
  std::iota(all.begin(), all.end(), 0);
  const std::vector<std::int64_t> one_domain(all.size(), 0);
  Labelled data{{subject.set.labels.const_data_ptr<std::int64_t>(), all.size()}, one_domain, classes, 1};
  if (subject.set.domains.defined()) {
    data.domains = {subject.set.domains.const_data_ptr<std::int64_t>(), all.size()};
    data.domain_count = std::int64_t(subject.set.domain_names.size());
  }
  const auto record = [&](const Score& about, const Answers& answers) {
    const std::vector<Score> scores = scores_of(answers, data, about);
    found.scores.insert(found.scores.end(), scores.begin(), scores.end());
    found.confusions.push_back({about.round, about.scope, about.split, about.task, confusion_of(answers, data)});
  };
  const auto judge = [&](const Score& about, std::span<const std::int64_t> images, const Needs& needs,
                         const Scorer& scorer) {
    record(about, answers_of(sources, images, needs, scorer, communicator));
  };
  const auto of_frozen = [](const char* split, const std::string& task) {
    return Score{.scope = scope::frozen, .split = split, .task = task};
  };
  for (const PromptFeatures& prompts : subject.prompts) {
    const auto texts = [&](const Tensor& of_classes) {
      return by_texts(of_classes, subject.set.logit_scale, features.device());
    };
    for (std::int64_t t = 0; t < prompts.features.size(0); ++t) {
      const Tally one = tally_of(answers_of(sources, all, {}, texts(prompts.features[t]), communicator), data);
      found.templates.push_back(
          {prompts.name, prompts.templates[std::size_t(t)], one.correct, one.count, one.mean_loss()});
    }
    judge(of_frozen(split::all, subject.prompts.size() == 1 ? task::zero_shot : prompts.name), all, {},
          texts(ensemble(prompts.features)));
  }
  if (Classifier* classifier = subject.trained ? subject.trained->learner->classifier() : nullptr)
    judge({.scope = scope::global, .split = split::all, .task = task::labelling}, all, to_judge(*classifier),
          classifier->scorer(subject.trained->parameters, Scope::global));
  if (!options.probe.linear && !options.probe.neighbours) return found;
  PartitionOptions halves;
  halves.clients = 1;
  halves.test_fraction = options.probe.test_fraction;
  const auto pools = make_partition(data, halves, Keys(std::uint64_t(options.seed)));
  require(!pools->test_pool().empty() && !pools->train_pool().empty(),
          "there are too few images to split them for the probe and the neighbours; set probe.linear and "
          "probe.neighbours to false.");
  std::vector<FittedTask> fitted;
  if (options.probe.linear) fitted.push_back(probe_task(classes));
  if (options.probe.neighbours) fitted.push_back(neighbours_task(classes, options.probe.k, options.probe.temperature));
  const std::span<const std::int64_t> train = pools->train_pool(), test = pools->test_pool();
  for (const FittedTask& task : fitted)
    judge({.scope = scope::frozen, .split = split::test, .task = task.name}, test, {},
          task.fit(features.features(), features.labels(), train));
  Encoder* encoder = subject.trained ? subject.trained->learner->encoder() : nullptr;
  if (!encoder) return found;
  const Encoding encoding = encoder->encoding(subject.trained->parameters, Scope::global);
  const Tensor learned = encoded(sources, all, *encoder, encoding, communicator), rows = at::tensor(test);
  for (const FittedTask& task : fitted)
    record({.scope = scope::global, .split = split::test, .task = task.name},
           answers_to(learned.index_select(0, rows), subject.set.labels.index_select(0, rows), test,
                      task.fit(learned, subject.set.labels, train)));
  return found;
}

}  // namespace fedorbit
