#include "federation/assemble.hpp"

#include "algorithms/personal_tensors.hpp"
#include "core/error.hpp"
#include "evaluation/frozen_exam.hpp"
#include "evaluation/global_exam.hpp"
#include "evaluation/personal_exam.hpp"
#include "federation/cohort.hpp"

namespace fedorbit {

Parts assemble(Experiment& experiment, const Labelled& data, std::shared_ptr<Learner> learner, at::Device device) {
  require(!experiment.engine.live_images || experiment.views.count == 0,
          "engine.live_images encodes images as [images] has them seen; views.count = ", experiment.views.count,
          " does not go with it.");
  Parts parts;
  parts.keys = Keys(std::uint64_t(experiment.seed));
  parts.learner = with_personal_tensors(std::move(learner), experiment.method.personal);
  parts.partition = make_partition(data, experiment.partition, parts.keys);
  parts.strategy = make_strategy(experiment.method.strategy, experiment.strategy);
  parts.strategy->check(experiment.optimiser);
  parts.upload_codec = make_codec(experiment.method.upload_codec);
  parts.download_codec = make_codec(experiment.method.download_codec);
  auto& group_size = experiment.training.group_size;
  if (group_size == 0) group_size = parts.learner->usual_group(device);
  return parts;
}

Workshop Parts::workshop(const Experiment& experiment, const Batches& batches) const {
  const std::int64_t width = std::min(experiment.training.batch_size, partition->most_images());
  return {experiment,    *partition,      batches, *learner, *strategy,
          *upload_codec, *download_codec, keys,    width,    strategy->memories(learner->layout())};
}

Questions questions_of(const Experiment& experiment, const Parts& parts, const Labelled& data, const Batches& batches) {
  const Partition& partition = *parts.partition;
  Questions questions{batches,
                      data,
                      partition.train_pool(),
                      partition.test_pool(),
                      draw_evaluated(partition.clients(), experiment.evaluation.clients, parts.keys),
                      {}};
  for (const ClientId client : questions.clients) questions.of_client.push_back(partition.shard(client).test);
  return questions;
}

std::vector<std::unique_ptr<Exam>> exams_of(const Experiment& experiment, const Parts& parts,
                                            const Questions& questions, const KeptFeatures& features,
                                            std::function<Scorer()> zero_shot, Communicator& communicator) {
  std::vector<std::unique_ptr<Exam>> exams;
  const auto frozen = [&](const char* task, std::function<Scorer()> scorer) {
    exams.push_back(std::make_unique<FrozenExam>(questions, task, std::move(scorer), communicator));
  };
  const auto& options = experiment.evaluation;
  const std::int64_t classes = questions.data.classes;
  frozen(task::zero_shot, std::move(zero_shot));
  if (options.linear_probe)
    frozen(task::probe, [&features, &questions, classes] { return by_probe(features, questions.train, classes); });
  if (options.neighbours)
    frozen(task::neighbours, [&features, &questions, classes, k = options.k, temperature = options.temperature] {
      return by_neighbours(features, questions.train, classes, k, temperature);
    });
  if (!parts.learner->classifier()) return exams;
  if (experiment.method.personal.empty())  // else the server's parameters alone are no whole model
    exams.push_back(std::make_unique<GlobalExam>(questions, *parts.learner, communicator));
  exams.push_back(std::make_unique<PersonalExam>(
      questions, *parts.learner, std::min(labelled_at_once, experiment.training.batch_size), communicator));
  return exams;
}

}  // namespace fedorbit
