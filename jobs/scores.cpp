#include "jobs/scores.hpp"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <numeric>

#include "evaluation/encoder_exam.hpp"
#include "evaluation/frozen_exam.hpp"
#include "evaluation/halves.hpp"
#include "evaluation/judged_features.hpp"
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
  const auto label = [&](const char* whose, const std::string& task, const Needs& needs, const Scorer& scorer) {
    const Answers answers = answers_of(sources, all, needs, scorer, communicator);
    const std::vector<Score> scores = scores_of(answers, data, {.scope = whose, .split = split::all, .task = task});
    found.scores.insert(found.scores.end(), scores.begin(), scores.end());
    found.confusions.push_back({0, whose, split::all, task, confusion_of(answers, data)});
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
    label(scope::frozen, subject.prompts.size() == 1 ? task::zero_shot : prompts.name, {},
          texts(ensemble(prompts.features)));
  }
  if (Classifier* classifier = subject.trained ? subject.trained->classifier() : nullptr)
    label(scope::global, task::labelling, to_judge(*classifier), subject.trained->scorer());
  const ProbeOptions& probe = options.probe;
  if (!probe.linear_probe && !probe.neighbours && probe.shots.empty()) return found;
  const auto halves = halves_of(data, probe.test_fraction, options.seed);
  const Questions asked{sources, data, halves->train_pool(), {}, {{split::test, false, halves->test_pool(), {}, {}}}};
  std::vector<FittedTask> tasks = fitted_tasks(probe, data.classes);
  std::ranges::move(few_shot_tasks("probe.shots", probe, data, asked.train, Keys(std::uint64_t(options.seed))),
                    std::back_inserter(tasks));
  const auto by_features = [&](const char* whose, const Tensor& of_all) {  // (N, d)
    const auto features = JudgedFeatures::of(asked, [&](std::span<const std::int64_t> images) {
      return of_all.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(images.data(), images.size())))
          .to(at::kFloat);
    });
    judge(asked, tasks, features, [&](std::size_t, std::size_t task, const std::vector<Answers>& draws) {
      const Score about{.scope = whose, .split = split::test, .task = tasks[task].name};
      append_draws(found.scores, draws, asked, asked.splits.front(), about);
      if (draws.size() == 1)
        found.confusions.push_back({0, whose, split::test, tasks[task].name, confusion_of(draws.front(), data)});
    });
  };
  by_features(scope::frozen, features.features().to(at::kCPU));
  Encoder* encoder = subject.trained ? subject.trained->learner->encoder() : nullptr;
  if (encoder)
    by_features(scope::global, encoded(sources, all, *encoder,
                                       encoder->encoding(subject.trained->parameters, Scope::global), communicator));
  return found;
}

}  // namespace fedorbit
