#include "federation/assemble.hpp"

#include <algorithm>
#include <numeric>

#include "algorithms/personal_tensors.hpp"
#include "core/error.hpp"
#include "evaluation/encoder_exam.hpp"
#include "evaluation/frozen_exam.hpp"
#include "evaluation/global_exam.hpp"
#include "evaluation/last_exam.hpp"
#include "evaluation/personal_encoder_exam.hpp"
#include "evaluation/personal_exam.hpp"
#include "evaluation/trained_exam.hpp"
#include "federation/arrive.hpp"
#include "federation/cohort.hpp"
#include "federation/public_batches.hpp"

namespace fedorbit {

namespace {

/// Throws where evaluation.select has nothing to select by.
void check_selection(const Experiment& experiment, const Parts& parts) {
  if (experiment.evaluation.select != "validation") return;
  const auto refuse = [](const auto&... why) {
    fail("evaluation.select = \"validation\" goes by the global model's accuracy on clients' validation images: ",
         why..., ".");
  };
  if (parts.partition->pools().validation.empty()) refuse("there is no such image; set partition.validation_fraction");
  if (experiment.evaluation.clients == 0) refuse("evaluation.clients = 0 judges no client");
  if (!experiment.method.personal.empty())
    refuse("with method.personal = ", experiment.method.personal, " the server has no whole model");
  if (!parts.learner->classifier()) refuse("method.learner = ", experiment.method.learner, " cannot label");
}

/// Throws where what a codec loses would stay lost, or grow.
void check_codecs(const Experiment& experiment, const Parts& parts) {
  const Layout& layout = parts.learner->layout();
  if (experiment.upload.error_feedback) {
    require(!parts.upload_codec->lossless(),
            "upload.error_feedback = true keeps what a codec could not say, and upload.codec = \"",
            experiment.upload.codec, "\" says everything; take another codec, or leave it out.");
    const std::string why = parts.upload_codec->why_no_feedback(layout);
    require(why.empty(), "upload.error_feedback = true does not go with upload.codec = \"", experiment.upload.codec,
            "\": ", why, ".");
  }
  if (parts.download_codec->lossless()) return;
  const std::string& codec = experiment.download.codec;
  require(!parts.strategy->downloads_differ(), "download.codec = \"", codec,
          "\" loses some of what the server sends, and method.strategy = \"", experiment.method.strategy,
          "\" sends each client something else: the server would have to keep what every client holds. Take a codec "
          "that loses nothing.");
  const std::string why = parts.download_codec->why_no_feedback(layout);
  require(why.empty(), "download.codec = \"", codec,
          "\" is not for downloads, whose messages say what earlier ones could not: ", why, ".");
}

/// Whether a learner without labels is judged by how well its encoder's features tell the classes apart.
bool judged_by_features(Learner& learner) { return learner.encoder() && !learner.classifier(); }

/// Throws where features are to tell apart what has no labels, or too few.
void check_probes(const Experiment& experiment, Learner& learner, const Labelled& data, const Partition& partition) {
  const auto& options = experiment.evaluation;
  if (judged_by_features(learner))
    few_shot_tasks("evaluation.shots", options.shots, options.draws, data, partition.train_pool(), Keys(0));
  require(!judged_by_features(learner) || data.classes > 1 || !(options.linear_probe || options.neighbours),
          "evaluation.linear_probe and evaluation.neighbours judge the encoder of method.learner = \"",
          experiment.method.learner,
          "\" by how well its features tell classes apart, and all images of the data are of ",
          "one: take data with labels, or set both to false.");
}

/// Throws where encoders are to be judged and there is none, or nothing to tell.
void check_encoders(const Experiment& experiment, const Parts& parts) {
  const EvaluationOptions& evaluation = experiment.evaluation;
  const DownstreamOptions& downstream = experiment.downstream;
  const std::string& learner = experiment.method.learner;
  require(downstream.path.empty() || parts.learner->encoder(), "downstream.path = \"", downstream.path,
          "\" judges the features of an encoder, and method.learner = \"", learner, "\" trains none.");
  require(downstream.path.empty() || evaluation.linear_probe || evaluation.neighbours || !evaluation.shots.empty(),
          "downstream.path = \"", downstream.path, "\" is to be judged by nothing: set evaluation.linear_probe, ",
          "evaluation.neighbours or evaluation.shots.");
  require(downstream.path.empty() || experiment.method.personal.empty() || evaluation.personal_encoders,
          "downstream.path = \"", downstream.path, "\": with method.personal = ", experiment.method.personal,
          " the server has no whole encoder; evaluation.personal_encoders = true judges those of clients.");
  require(evaluation.shots.empty() || judged_by_features(*parts.learner) || !downstream.path.empty(),
          "evaluation.shots = \"", evaluation.shots,
          "\" is about features of encoders that are judged, and none is: with ", "method.learner = \"", learner,
          "\", downstream.path can name data on which they are, where it trains one.");
  if (!evaluation.personal_encoders) return;
  require(
      judged_by_features(*parts.learner) || (parts.learner->encoder() && !downstream.path.empty()),
      "evaluation.personal_encoders = true judges the features of clients' encoders, and method.learner = \"", learner,
      parts.learner->encoder() ? "\" is judged by its labels; name other data in downstream.path, or set it to false."
                               : "\" trains none.");
  require(start_apart(*parts.learner, *parts.strategy),
          "evaluation.personal_encoders = true: all clients start from what the server has, so that there is nothing ",
          "personal to judge; name tensors in method.personal (*: all), or set it to false.");
}

/// What is fitted to features of these training images.
std::vector<FittedTask> fitted_tasks(const EvaluationOptions& options, const Labelled& data) {
  std::vector<FittedTask> tasks;
  if (options.linear_probe) tasks.push_back(probe_task(data.classes));
  if (options.neighbours) tasks.push_back(neighbours_task(data.classes, options.k, options.temperature));
  return tasks;
}

/// Throws where the strategy looks at public images that are not there, or that no encoder of the server sees.
void check_public_images(const Experiment& experiment, const Parts& parts) {
  if (parts.strategy->public_batches().count == 0) return;
  const MethodOptions& method = experiment.method;
  const std::string distils =
      text("method.strategy = \"", method.strategy, "\" distils at the server what encoders see of public images");
  const std::string without = text(", or take no steps of it: ", method.strategy, ".distillation.steps = 0.");
  require(parts.learner->encoder(), distils, ", and method.learner = \"", method.learner,
          "\" is no encoder; take one that learns from images", without);
  require(method.personal.empty(), distils, ", and with method.personal = \"", method.personal,
          "\" the server has no whole encoder; leave that out", without);
  const std::int64_t aside = std::int64_t(parts.partition->pools().public_images.size());
  if (const std::string& file = experiment.data.public_images; !file.empty()) {
    require(aside == 0, "data.public = ", file, " and ", aside,
            " public images of the data's own, as [partition] has them: the server looks at one of both, leave the "
            "other out.");
    return;
  }
  require(aside > 0, distils,
          ", and there are none; name a data set of them with data.public, set some of the data's "
          "own aside with partition.public_images",
          without);
  require_public_images(*parts.strategy, aside, "what [partition] sets aside");
}

/// The images of a split that some clients own.
SplitImages images_of(const char* split, const Partition& partition, std::vector<std::int64_t> Shard::*side,
                      std::vector<ClientId> clients) {
  SplitImages images{split, side == &Shard::unseen, partition.pools().*side, std::move(clients), {}};
  for (const ClientId client : images.clients) images.of_client.push_back(partition.shard(client).*side);
  return images;
}

/// Throws where the learner can do nothing with as many images as some client has.
void require_images(const Learner& learner, const Partition& partition) {
  if (learner.refusal(1).empty()) return;  // any number will do
  for (ClientId client = 0; client < partition.clients(); ++client) {
    const auto images = std::int64_t(partition.shard(client).train.size());
    const std::string why = images > 0 ? learner.refusal(images) : "";
    require(why.empty(), "client ", client, " trains on ", images, " images, and ", why, ".");
  }
}

/// Throws where some client's last batch of an epoch, or a part of one, has fewer images than the learner can learn
/// from.
void require_batches(const Learner& learner, const Partition& partition, const TrainingOptions& training) {
  const std::int64_t fewest = learner.smallest_batch();
  if (fewest == 1) return;
  require(training.batch_size >= fewest, "training.batch_size = ", training.batch_size,
          ": batch norms know no spread of fewer than ", fewest, " images; take more, or other norms.");
  const auto last_part = [&](std::int64_t batch) { return (batch - 1) % training.at_once() + 1; };
  for (ClientId client = 0; client < partition.clients(); ++client) {
    const auto images = std::int64_t(partition.shard(client).train.size()), rest = images % training.batch_size;
    const bool skipped = rest < training.smallest_batch;
    require(rest == 0 || skipped || rest >= fewest, "client ", client, " trains on ", images, " images in batches of ",
            training.batch_size, ": the last has ", rest, ", and batch norms know no spread of fewer than ", fewest,
            "; training.smallest_batch = ", fewest, " skips such a batch, and other norms can learn from it.");
    for (const std::int64_t batch : {images >= training.batch_size ? training.batch_size : 0, skipped ? 0 : rest})
      require(batch == 0 || last_part(batch) >= fewest, "client ", client, " learns from a batch of ", batch,
              " images, ", training.at_once(), " at once: the last part has ", last_part(batch),
              ", and batch norms know no spread of fewer than ", fewest,
              "; take another training.batch_size or training.accumulate, or other norms.");
  }
}

}  // namespace

Parts assemble(Experiment& experiment, const Labelled& data, std::shared_ptr<Learner> learner, at::Device device) {
  require(!experiment.engine.live_images || experiment.views.count == 0,
          "engine.live_images encodes images as [images] has them seen; views.count = ", experiment.views.count,
          " does not go with it.");
  const OptimiserOptions& optimiser = experiment.optimiser;
  const TrainingOptions& training = experiment.training;
  require(training.accumulate <= training.batch_size, "training.accumulate = ", training.accumulate,
          " parts of a batch of training.batch_size = ", training.batch_size, " images: some would be empty.");
  require(optimiser.warmup == 0 || optimiser.schedule_over == "steps" || optimiser.warmup < training.rounds,
          "optimiser.warmup = ", optimiser.warmup, " rounds would not end within training.rounds = ", training.rounds,
          "; count fewer, or steps: optimiser.schedule_over = \"steps\".");
  Parts parts;
  parts.keys = Keys(std::uint64_t(experiment.seed));
  parts.learner = with_personal_tensors(std::move(learner), experiment.method.personal);
  PartitionOptions& partition = experiment.partition;
  if (partition.seed < 0) partition.seed = experiment.seed;
  parts.partition = make_partition(data, partition, Keys(std::uint64_t(partition.seed)));
  partition.clients = parts.partition->clients() + parts.partition->unseen_clients();
  require_batches(*parts.learner, *parts.partition, experiment.training);
  require_images(*parts.learner, *parts.partition);
  parts.strategy = make_strategy(experiment.method.strategy, experiment.strategy);
  parts.strategy->check(experiment.optimiser, parts.learner->layout());
  parts.upload_codec = make_codec(experiment.upload);
  parts.download_codec = make_codec(experiment.download);
  check_codecs(experiment, parts);
  check_public_images(experiment, parts);
  check_selection(experiment, parts);
  check_probes(experiment, *parts.learner, data, *parts.partition);
  check_encoders(experiment, parts);
  auto& group_size = experiment.training.group_size;
  if (group_size == 0) group_size = parts.learner->usual_group(device);
  return parts;
}

Workshop Parts::workshop(const Experiment& experiment, const Batches& batches) const {
  const std::int64_t width = std::min(experiment.training.batch_size, partition->most_images());
  const Layout& layout = learner->layout();
  std::vector<std::string> residuals;
  if (experiment.upload.error_feedback) {
    residuals = {weights_message};
    for (const auto& [name, extra] : strategy->extras(layout))
      if (extra.sent && extra.length == layout.weights(Owner::shared)) residuals.push_back(name);
  }
  return {experiment,          *partition,      batches, *learner, *strategy,
          *upload_codec,       *download_codec, keys,    width,    strategy->memories(layout),
          std::move(residuals)};
}

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
  for (const FittedTask& task : fitted_tasks(options, questions.data))
    frozen(task.name, [&features, &questions, fit = task.fit] {
      return fit(features.features(), features.labels(), questions.train, 0);
    });
  const bool whole = experiment.method.personal.empty();  // else the server's parameters alone are no whole model
  const auto judge_encoders = [&](const Questions& asked, std::int64_t seed, bool last) {
    std::vector<FittedTask> tasks = fitted_tasks(options, asked.data);
    for (FittedTask& task : few_shot_tasks("evaluation.shots", options.shots, options.draws, asked.data, asked.train,
                                           Keys(std::uint64_t(seed))))
      tasks.push_back(std::move(task));
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
