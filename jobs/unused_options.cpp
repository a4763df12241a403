#include "jobs/unused_options.hpp"

#include <algorithm>
#include <map>

#include "core/error.hpp"

namespace fedorbit {
namespace {

const std::vector<std::string> dealt{"even",         "stratified", "dirichlet", "dirichlet_mixtures",
                                     "pathological", "quantity",   "domain"};
const std::vector<std::string> drawn{"even",         "stratified", "dirichlet", "dirichlet_mixtures",
                                     "pathological", "quantity",   "domain",    "sampled"};

/// Options of a partition that some kinds do not ask for, with those that do.
const std::map<std::string, std::vector<std::string>> partitions_with{
    {"partition.file", {"file"}},
    {"partition.clients", drawn},
    {"partition.seed", drawn},
    {"partition.alpha", {"dirichlet", "dirichlet_mixtures", "quantity", "sampled"}},
    {"partition.classes_per_client", {"pathological"}},
    {"partition.samples_per_client", {"sampled"}},
    {"partition.min_samples", dealt},
    {"partition.test_fraction", drawn},
    {"partition.validation_fraction", drawn},
    {"partition.public_images", drawn},
    {"partition.unseen_clients", drawn},
    {"partition.unseen_domains", drawn},
};

/// The same of a schedule.
const std::map<std::string, std::vector<std::string>> schedules_with{
    {"schedule.invited", {"rounds"}},
    {"schedule.deadline", {"rounds"}},
    {"schedule.buffer", {"buffer"}},
    {"schedule.window", {"window"}},
    {"schedule.concurrency", {"buffer", "window"}},
    {"schedule.stale", {"buffer", "window"}},
    {"schedule.staleness_exponent", {"buffer", "window"}},
};

bool among(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

void refuse_scenes(const std::vector<std::string>& assignments, const std::string& source) {
  for (const std::string& assignment : assignments)
    require(source.empty() || !assignment.starts_with("synthetic."), "--set ", assignment,
            " is about synthetic scenes, but the images are those of ", source, "; leave one of them out.");
}

void refuse_image_options(const std::vector<std::string>& assignments, const Experiment& experiment,
                          const Needs& needs) {
  if (needs.views > 0 || experiment.engine.live_images) return;
  for (const std::string& assignment : assignments)
    require(!assignment.starts_with("images."), "--set ", assignment,
            " is about images that clients see while they train, but those of method.learner = ",
            experiment.method.learner, " train on kept features (engine.live_images = false).");
}

void refuse_unused_links(const std::vector<std::string>& assignments, const LinkOptions& links) {
  const std::vector<std::string> of_trace{"links.download_rate", "links.upload_rate", "links.latency", "links.spread"};
  for (const std::string& assignment : assignments) {
    const std::string option = assignment.substr(0, assignment.find('='));
    require(links.trace.empty() || !among(of_trace, option), "--set ", assignment,
            " says nothing beside links.trace = ", links.trace,
            ", whose lines have every client's rates and latency; leave one of them out.");
    require(option != "links.contact_seconds" || links.resolved().contact_period > 0, "--set ", assignment,
            " says nothing where links.contact_period = 0: clients are always in contact.");
  }
}

void refuse_unused(const std::vector<std::string>& assignments, const Experiment& experiment) {
  refuse_scenes(assignments, experiment.data.path);
  refuse_unused_links(assignments, experiment.links);
  for (const std::string& assignment : assignments) {
    const std::string option = assignment.substr(0, assignment.find('=')), section = option.substr(0, option.find('.'));
    require(!among(learner_names(), section) || section == experiment.method.learner, "--set ", assignment,
            " is about the learner ", section, ", but method.learner = ", experiment.method.learner, ".");
    require(!among(strategy_names(), section) || section == experiment.method.strategy, "--set ", assignment,
            " is about the strategy ", section, ", but method.strategy = ", experiment.method.strategy, ".");
    for (const auto& [direction, chosen] :
         {std::pair{std::string("upload"), experiment.upload.codec}, {"download", experiment.download.codec}})
      for (const std::string& codec : codec_names())
        require(codec == chosen || !option.starts_with(text(direction, ".", codec, ".")), "--set ", assignment,
                " is about the codec ", codec, ", but ", direction, ".codec = ", chosen, ".");
    require(option != "data.public" ||
                make_strategy(experiment.method.strategy, experiment.strategy)->public_batches().count > 0,
            "--set ", assignment, " is about public images, at which method.strategy = ", experiment.method.strategy,
            " does not look; leave it out.");
    const ScheduleOptions& schedule = experiment.schedule;
    require(section != "downstream" || !experiment.downstream.path.empty(), "--set ", assignment,
            " is about another data set that encoders are judged by, but downstream.path names none.");
    require(section != "links" || timed(schedule, experiment.links), "--set ", assignment,
            " is about links, but nothing of [schedule] goes by their seconds; say links.step_seconds, above 0, and "
            "turns are timed; of a finished run `fedorbit links` says what it would take on them.");
    require(option != "schedule.availability_period" || !schedule.availability.empty(), "--set ", assignment,
            " is the period of schedule.availability, which names no file.");
    const auto of_kind = schedules_with.find(option);
    require(of_kind == schedules_with.end() || among(of_kind->second, schedule.kind), "--set ", assignment,
            " says nothing to schedule.kind = ", schedule.kind, ".");
    const auto asked = partitions_with.find(option);
    require(asked == partitions_with.end() || among(asked->second, experiment.partition.kind), "--set ", assignment,
            " says nothing to partition.kind = ", experiment.partition.kind, ".");
  }
}

void refuse_images(const std::vector<std::string>& assignments, const Experiment& experiment, const Needs& needs) {
  const std::string& file = experiment.data.features;
  require(needs.views == 0, "method.learner = ", experiment.method.learner, " learns from images, but ", file,
          " holds imported features; give images and weights instead.");
  require(experiment.views.count == 0, file,
          " holds imported features, which have no augmented views, but views.count = ", experiment.views.count, ".");
  require(!experiment.engine.live_images, file,
          " holds imported features; engine.live_images encodes images, of which there are none.");
  for (const std::string& assignment : assignments)
    for (const char* about : {"synthetic.", "images.", "model.", "engine.", "data.feature_store"})
      require(!assignment.starts_with(about), "--set ", assignment, " is about images and weights, but ", file,
              " holds imported features, which need neither; leave one of them out.");
}

}  // namespace fedorbit
