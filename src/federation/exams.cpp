#include "federation/exams.hpp"

#include <algorithm>
#include <numeric>

#include "evaluation/encoder_exam.hpp"
#include "evaluation/frozen_exam.hpp"
#include "evaluation/global_exam.hpp"
#include "evaluation/last_exam.hpp"
#include "evaluation/personal_encoder_exam.hpp"
#include "evaluation/personal_exam.hpp"
#include "evaluation/trained_exam.hpp"
#include "federation/cohort.hpp"

namespace fedorbit {
namespace {

/// The images of a split that some clients own.
SplitImages images_of(const char* split, const Partition& partition, std::vector<std::int64_t> Shard::*side,
                      std::vector<ClientId> clients) {
  SplitImages images{split, side == &Shard::unseen, partition.pools().*side, std::move(clients), {}};
  for (const ClientId client : images.clients) images.of_client.push_back(partition.shard(client).*side);
  return images;
}

}  // namespace

Questions questions_of(const Experiment& experiment, const Parts& parts, const Labelled& data, const Batches& batches) {
  const Partition& partition = *parts.partition;
  const std::int64_t most = experiment.evaluation.clients;
  // Who is judged belongs to the split: repeats that vary training alone judge the same clients.
  const std::vector<ClientId> clients =
      draw_evaluated(partition.clients(), most, Keys(std::uint64_t(experiment.partition.seed)));
  std::vector<ClientId> unseen(std::size_t(std::min(most, partition.unseen_clients())));
  std::iota(unseen.begin(), unseen.end(), partition.clients());
  Questions questions{batches, data, partition.train_pool(), clients, {}};
  for (SplitImages images : {images_of(split::test, partition, &Shard::test, clients),
                             images_of(split::validation, partition, &Shard::validation, clients),
                             images_of(split::unseen, partition, &Shard::unseen, unseen)})
    if (!images.pool.empty()) questions.splits.push_back(std::move(images));
  return questions;
}

std::vector<std::unique_ptr<Exam>> exams_of(const Experiment& experiment, const Parts& parts,
                                            const Questions& questions, const KeptFeatures& features,
                                            std::function<Scorer()> zero_shot, Communicator& communicator,
                                            const Questions* downstream) {
  std::vector<std::unique_ptr<Exam>> exams;
  const auto frozen = [&](const std::string& task, std::function<Scorer()> scorer) {
    exams.push_back(std::make_unique<FrozenExam>(questions, task, std::move(scorer), communicator));
  };
  const auto& options = experiment.evaluation;
  if (zero_shot) frozen(task::zero_shot, std::move(zero_shot));
  for (const FittedTask& task : fitted_tasks(options, questions.data.classes))
    frozen(task.name, [&features, &questions, fit = task.fit] {
      return fit(features.features(), features.labels(), questions.train, 0);
    });
  const bool whole = experiment.method.personal.empty();  // else the server's parameters alone are no whole model
  const auto judge_encoders = [&](const Questions& asked, std::int64_t seed, bool last) {
    std::vector<FittedTask> tasks = fitted_tasks(options, asked.data.classes);
    std::ranges::move(few_shot_tasks("evaluation.shots", options, asked.data, asked.train, Keys(std::uint64_t(seed))),
                      std::back_inserter(tasks));
    const auto add = [&](std::unique_ptr<Exam> exam, bool at_the_end) {
      if (at_the_end) exam = std::make_unique<LastExam>(std::move(exam), experiment.training.rounds);
      exams.push_back(std::move(exam));
    };
    if (whole) add(std::make_unique<EncoderExam>(asked, *parts.learner, tasks, communicator), last);
    if (options.personal_encoders)
      add(std::make_unique<PersonalEncoderExam>(asked, *parts.learner, tasks, communicator), true);
  };
  if (judged_by_features(*parts.learner)) judge_encoders(questions, experiment.partition.seed, false);
  if (downstream) judge_encoders(*downstream, experiment.downstream.seed, experiment.downstream.when == "last");
  if (!parts.learner->classifier()) return exams;
  if (whole) exams.push_back(std::make_unique<GlobalExam>(questions, *parts.learner, communicator));
  const AtOnce at_once{std::min(labelled_at_once, experiment.training.batch_size), experiment.training.group_size == 1};
  if (options.trained) exams.push_back(std::make_unique<TrainedExam>(questions, *parts.learner, at_once, communicator));
  exams.push_back(std::make_unique<PersonalExam>(questions, *parts.learner, at_once, communicator));
  return exams;
}

}  // namespace fedorbit
