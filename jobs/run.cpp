// `fedorbit run`: one experiment, from its configuration to its results file.
#include <ATen/ops/tensor.h>

#include "comm/factory.hpp"
#include "comm/node_memory.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "evaluation/frozen_exam.hpp"
#include "evaluation/zero_shot.hpp"
#include "federation/assemble.hpp"
#include "federation/census.hpp"
#include "federation/cohort.hpp"
#include "federation/memory_check.hpp"
#include "federation/simulation.hpp"
#include "inputs/arithmetic.hpp"
#include "inputs/feature_store.hpp"
#include "inputs/open_data.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "results/checkpoint.hpp"
#include "results/event_log.hpp"
#include "results/progress.hpp"
#include "results/provenance.hpp"
#include "results/recorder.hpp"
#include "results/resume.hpp"
#include "results/run_directory.hpp"
#include "results/trained_model.hpp"

namespace fedorbit {
namespace {

struct Arguments {
  std::string config, directory;
  std::vector<std::string> assignments;
  bool restart = false, quiet = false, verbose = false, list = false;
};

Experiment read_experiment(const Arguments& arguments) {
  Experiment experiment;
  OptionList options = OptionList::of(experiment);
  if (!arguments.config.empty()) options.read_file(arguments.config);
  for (const std::string& assignment : arguments.assignments) options.set(assignment);
  return experiment;
}

/// What is read before the run directory is touched: a misspelt name loses nothing there.
struct Opened {
  Dataset dataset;
  Clip clip;
  std::vector<std::string> templates;
  Parts parts;
};

Opened open(Experiment& experiment, at::Device device, Communicator& communicator) {
  Dataset dataset = open_data(experiment.data.path, experiment.synthetic, communicator);
  Clip clip = open_weights(experiment.model, device, communicator);
  std::vector<std::string> templates = templates_in(experiment.model.text_template, "model.text_template");
  auto learner =
      make_learner(experiment.method.learner, experiment.learner, experiment.engine, clip, dataset.class_names(),
                   [&](const Tensor& bytes) { return one_copy_on_node(bytes, communicator); });
  Parts parts = assemble(experiment, labelled(dataset), std::move(learner), device);
  return {std::move(dataset), std::move(clip), std::move(templates), std::move(parts)};
}

/// Collective: what the folder holds, as the root sees it.
RunDirectory::Holding take(RunDirectory& directory, const std::string& options_toml, bool restart,
                           Communicator& communicator) {
  Tensor holding = at::tensor(std::int64_t{0});
  if (communicator.root()) holding.fill_(std::int64_t(directory.open(options_toml, restart)));
  communicator.broadcast(holding);
  return RunDirectory::Holding(holding.item<std::int64_t>());
}

RunRecord record_of(const Opened& opened, const std::string& options_toml, Communicator& communicator) {
  RunRecord record;
  record.options_toml = options_toml;
  record.provenance = provenance_of_run(communicator);
  record.provenance["data_sha256"] = opened.dataset.checksum();
  record.provenance["weights_sha256"] = opened.clip.checksum;
  record.class_names = opened.dataset.class_names();
  record.domain_names = opened.dataset.domain_names();
  record.diagnostics = opened.parts.learner->diagnostics();
  return record;
}

/// At the root: the run and its clients in a few lines.
void introduce(const Experiment& experiment, const Opened& opened, const RunRecord& record, at::Device device,
               int ranks, bool verbose) {
  if (!opened.clip.assumption.empty()) log::warning(opened.clip.assumption);
  const auto& training = experiment.training;
  const std::int64_t cohort = cohort_size(opened.parts.partition->clients(), training.participation),
                     groups = (cohort + training.group_size - 1) / training.group_size;
  log::info(experiment.name, ": ", experiment.method.learner, " with ", experiment.method.strategy, " on ", ranks,
            ranks == 1 ? " rank" : " ranks", ", ", device.str(), "\n",
            summary(record.clients, *opened.parts.partition, labelled(opened.dataset)));
  if (verbose) log::detail(who_holds_what(record.clients, record.class_names));
  if (groups < ranks)
    log::info("only ", groups, " of ", ranks, " ranks train: ", cohort, " clients a round in groups of ",
              training.group_size, "; a smaller training.group_size shares them among more.");
}

/// Who watches a run at the root: its file, its lines on the terminal.
struct Watchers {
  Recorder recorder;
  Progress progress;
  EventLog events;
  std::vector<Observer*> all() { return {&recorder, &progress, &events}; }
};

/// Returns the exit code.
int run(const Arguments& arguments) {
  Experiment experiment = read_experiment(arguments);
  watch_signals();
  const auto communicator = make_communicator(experiment.machine.backend);
  watch_signals();  // MPI may have set handlers of its own
  communicator->agree("resolved options", fingerprint(OptionList::of(experiment).toml()));
  const at::Device device = prepare_machine(experiment.machine, *communicator);
  const bool root = communicator->root();

  const Opened opened = open(experiment, device, *communicator);
  const Parts& parts = opened.parts;
  const std::string options_toml = OptionList::of(experiment).toml();
  RunDirectory directory(arguments.directory.empty() ? "runs/" + experiment.name : arguments.directory);
  const auto held = take(directory, options_toml, arguments.restart, *communicator);
  log::start(!root || arguments.quiet ? log::Level::quiet
             : arguments.verbose      ? log::Level::verbose
                                      : log::Level::normal,
             root ? directory.log() : std::filesystem::path());
  if (held == RunDirectory::Holding::results) {
    log::info("this run is finished: ", directory.results().string());
    return 0;
  }
  RunRecord record = record_of(opened, options_toml, *communicator);
  if (root) {
    record.clients = census(*parts.partition, labelled(opened.dataset), experiment.partition.listed);
    introduce(experiment, opened, record, device, communicator->size(), arguments.verbose);
  }

  const bool patches = parts.learner->needs_patches();
  const auto features =
      features_of(opened.dataset, opened.clip, {patches, false, experiment.views}, experiment.data.features,
                  experiment.data.feature_store, device, *communicator, signal_received);
  if (!features) {
    if (root && arguments.restart) directory.begin(options_toml);  // what goes on without --restart is the new run
    log::info("interrupted while encoding; the same command goes on from there.");
    communicator->barrier();
    return resumable;
  }
  record.provenance["arithmetic"] = arithmetic(device, *communicator);
  record.provenance["features_arithmetic"] = features->origin.arithmetic;
  const LiveEncoder live =
      experiment.engine.live_images ? live_encoder(opened.dataset, opened.clip, patches, device) : LiveEncoder();
  const Samples samples(features->of, opened.dataset.labels(), device, parts.keys, live);
  Workshop workshop = parts.workshop(experiment, samples);
  require_memory(workshop, *communicator);

  std::optional<Checkpoint> checkpoint;
  if (held == RunDirectory::Holding::checkpoint) {
    checkpoint.emplace();
    if (root) checkpoint = Checkpoint::read(directory.checkpoint());
  }
  std::optional<Watchers> watchers;
  std::vector<Observer*> observers;
  if (root) {
    if (!checkpoint) directory.begin(options_toml);
    watchers.emplace(
        Watchers{checkpoint ? Recorder(directory.results(), checkpoint->round) : Recorder(directory.results()),
                 Progress(experiment.training.rounds), EventLog()});
    observers = watchers->all();
    for (Observer* observer : observers) observer->started(record);
    if (checkpoint)
      for (Observer* observer : observers)
        observer->happened({checkpoint->round, "resumed",
                            text("the run goes on after ", checkpoint->round, " rounds, on ", communicator->size(),
                                 " ranks of ", record.provenance["hosts"], ".")});
  }
  const Questions questions = questions_of(experiment, parts, labelled(opened.dataset), samples);
  auto exams = exams_of(
      experiment, parts, questions,
      [&] {
        const PromptFeatures texts =
            encode_prompts("zero-shot", opened.templates, record.class_names, opened.clip, device, *communicator);
        opened.clip.release();
        return by_texts(ensemble(texts.features), opened.clip.logit_scale(), device);
      },
      *communicator);
  Simulation simulation(workshop, *communicator, std::move(exams), observers, [&](const State& state) {
    watchers->recorder.keep();  // a checkpoint is never newer than the results on the disk
    to_checkpoint(state, options_toml).write(directory.checkpoint());
  });
  if (checkpoint) simulation.restore(shared_state(*checkpoint, *communicator));
  opened.clip.release();  // what trains has its own copies
  const Ending ending = simulation.run(signal_received);
  if (ending == Ending::interrupted) {
    log::info("interrupted after ", simulation.server().round, " rounds; the same command",
              arguments.restart ? " without --restart" : "", " goes on from there.");
    // Nobody leaves before the root has saved: a launcher kills the others when one rank is gone.
    communicator->barrier();
    return resumable;
  }
  if (root) {
    export_model(directory.model(), experiment, simulation.shared(), opened.clip.checksum, record.class_names);
    for (Observer* observer : observers) observer->finished(simulation.shared());
    log::info("results: ", directory.results().string());
  }
  communicator->barrier();
  return 0;
}

}  // namespace

void add_run(CLI::App& program) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* job = program.add_subcommand("run", "Runs one experiment; under mpirun, clients are shared among ranks.");
  job->add_option("config", arguments->config, "a TOML file that says what differs from the defaults");
  job->add_option("--set", arguments->assignments, "section.key=value, after the file")
      ->take_all()
      ->allow_extra_args(false);
  job->add_option("-o,--output", arguments->directory,
                  "the run directory (default: runs/NAME); an interrupted run goes on");
  job->add_flag("--restart", arguments->restart, "remove what a run left in the directory, and start anew");
  job->add_flag("--options", arguments->list, "list all options, with the values this configuration gives them");
  job->add_flag("-q,--quiet", arguments->quiet, "warnings only");
  job->add_flag("-v,--verbose", arguments->verbose, "say who holds which images, too");
  job->callback([arguments] {
    if (arguments->list) {
      Experiment experiment = read_experiment(*arguments);
      std::fputs(OptionList::of(experiment).help().c_str(), stdout);
      return;
    }
    require(!arguments->config.empty(), "fedorbit run needs a configuration file; see configs/.");
    if (const int code = run(*arguments); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
