#include "federation/compatibility.hpp"

#include "core/error.hpp"
#include "evaluation/encoder_exam.hpp"
#include "federation/arrive.hpp"
#include "federation/public_batches.hpp"

namespace fedorbit {
namespace {

/// Throws where options say what cannot be, whatever the parts are.
void check_options(const Experiment& experiment) {
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

/// Throws where features are to tell apart what has no labels, or too few.
void check_probes(const Experiment& experiment, Learner& learner, const Labelled& data, const Partition& partition) {
  const auto& options = experiment.evaluation;
  if (judged_by_features(learner)) few_shot_tasks("evaluation.shots", options, data, partition.train_pool(), Keys(0));
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

}  // namespace

void require_compatible(const Experiment& experiment, const Parts& parts, const Labelled& data) {
  check_options(experiment);
  require_batches(*parts.learner, *parts.partition, experiment.training);
  require_images(*parts.learner, *parts.partition);
  parts.strategy->check(experiment.optimiser, parts.learner->layout());
  check_codecs(experiment, parts);
  check_public_images(experiment, parts);
  check_selection(experiment, parts);
  check_probes(experiment, *parts.learner, data, *parts.partition);
  check_encoders(experiment, parts);
}

}  // namespace fedorbit
