// `fedorbit run`: one experiment, from its configuration to its results file.
#include <ATen/ops/tensor.h>

#include "comm/factory.hpp"
#include "comm/node_memory.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "evaluation/zero_shot.hpp"
#include "federation/census.hpp"
#include "federation/cohort.hpp"
#include "federation/memory_check.hpp"
#include "federation/simulation.hpp"
#include "inputs/arithmetic.hpp"
#include "inputs/feature_store.hpp"
#include "inputs/open_data.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "jobs/unused_options.hpp"
#include "results/checkpoint.hpp"
#include "results/event_log.hpp"
#include "results/progress.hpp"
#include "results/provenance.hpp"
#include "results/recorder.hpp"
#include "results/resume.hpp"
#include "results/run_directory.hpp"

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

/// Returns the exit code.
int run(const Arguments& arguments) {
  Experiment experiment = read_experiment(arguments);
  refuse_unused(arguments.assignments, experiment);
  watch_signals();
  const auto communicator = make_communicator(experiment.machine.backend);
  watch_signals();  // MPI may have set handlers of its own
  communicator->agree("resolved options", fingerprint(OptionList::of(experiment).toml()));
  const at::Device device = prepare_machine(experiment.machine, *communicator);
  const bool root = communicator->root();

  // Everything that is read comes before the run directory is touched: a misspelt name loses nothing there.
  const Dataset dataset = open_data(experiment.data.path, experiment.synthetic, *communicator);
  const Clip clip = open_weights(experiment.model, device, *communicator);
  const std::vector<std::string> templates = templates_in(experiment.model.text_template, "model.text_template");
  const Keys keys{std::uint64_t(experiment.seed)};
  const Labelled view = labelled(dataset);
  const auto partition = make_partition(view, experiment.partition, keys);
  const auto learner = make_learner(experiment.method.learner, experiment.learner, clip, dataset.class_names(),
                                    [&](const Tensor& bytes) { return one_copy_on_node(bytes, *communicator); });
  if (experiment.training.group_size == 0) experiment.training.group_size = learner->usual_group(device);
  const std::string options_toml = OptionList::of(experiment).toml();
  const auto strategy = make_strategy(experiment.method.strategy, experiment.strategy);
  strategy->check(experiment.optimiser);
  const auto upload_codec = make_codec(experiment.method.upload_codec);
  const auto download_codec = make_codec(experiment.method.download_codec);

  RunDirectory directory(arguments.directory.empty() ? "runs/" + experiment.name : arguments.directory);
  Tensor holding = at::tensor(std::int64_t{0});
  if (root) holding.fill_(std::int64_t(directory.open(options_toml, arguments.restart)));
  communicator->broadcast(holding);
  const auto held = RunDirectory::Holding(holding.item<std::int64_t>());
  log::start(!root || arguments.quiet ? log::Level::quiet
             : arguments.verbose      ? log::Level::verbose
                                      : log::Level::normal,
             root ? directory.log() : std::filesystem::path());
  if (held == RunDirectory::Holding::results) {
    log::info("this run is finished: ", directory.results().string());
    return 0;
  }

  if (root && !clip.assumption.empty()) log::warning(clip.assumption);

  RunRecord record;
  record.options_toml = options_toml;
  record.provenance = provenance_of_run(*communicator);
  record.provenance["data_sha256"] = dataset.checksum();
  record.provenance["weights_sha256"] = clip.checksum;
  record.class_names = dataset.class_names();
  record.domain_names = dataset.domain_names();
  record.diagnostics = learner->diagnostics();
  if (root) {
    record.clients = census(*partition, view, experiment.partition.listed);
    log::info(experiment.name, ": ", experiment.method.learner, " with ", experiment.method.strategy, " on ",
              communicator->size(), communicator->size() == 1 ? " rank" : " ranks", ", ", device.str(), "\n",
              summary(record.clients, *partition, view));
    if (const std::string more = notes(record, *partition, view); !more.empty()) log::info(more);
    if (arguments.verbose) log::detail(who_holds_what(record.clients, dataset.class_names()));
  }

  const auto features =
      features_of(dataset, clip, {learner->needs_patches(), false, experiment.views}, experiment.data.features,
                  experiment.data.feature_store, device, *communicator, signal_received);
  if (!features) {
    if (root && arguments.restart) directory.begin(options_toml);  // what goes on without --restart is the new run
    log::info("interrupted while encoding; the same command goes on from there.");
    communicator->barrier();
    return resumable;
  }
  record.provenance["arithmetic"] = arithmetic(device, *communicator);
  record.provenance["features_arithmetic"] = features->origin.arithmetic;
  const bool live = experiment.learner.engine.live_images;
  require(!live || experiment.views.count == 0,
          "engine.live_images encodes images as they are; views.count = ", experiment.views.count,
          " does not go with it.");
  const Samples samples(features->of, dataset.labels(), device, keys,
                        live ? live_encoder(dataset, clip, learner->needs_patches(), device) : LiveEncoder());
  Workshop workshop{experiment,      *partition, samples,
                    *learner,        *strategy,  *upload_codec,
                    *download_codec, keys,       strategy->memories(learner->layout())};

  require_memory(workshop, *communicator);
  const std::int64_t cohort = cohort_size(partition->clients(), experiment.training.participation),
                     groups = (cohort + experiment.training.group_size - 1) / experiment.training.group_size;
  if (root && groups < communicator->size())
    log::info("only ", groups, " of ", communicator->size(), " ranks train: ", cohort, " clients a round in groups of ",
              experiment.training.group_size, "; a smaller training.group_size shares them among more.");

  std::optional<Checkpoint> checkpoint;
  if (held == RunDirectory::Holding::checkpoint) {
    checkpoint.emplace();
    if (root) checkpoint = Checkpoint::read(directory.checkpoint());
  }
  std::unique_ptr<Recorder> recorder;
  Progress progress(experiment.training.rounds);
  EventLog events;
  std::vector<Observer*> observers;
  if (root) {
    if (!checkpoint) directory.begin(options_toml);
    recorder = checkpoint ? std::make_unique<Recorder>(directory.results(), checkpoint->round)
                          : std::make_unique<Recorder>(directory.results());
    observers = {recorder.get(), &progress, &events};
    for (Observer* observer : observers) observer->started(record);
    if (checkpoint)
      for (Observer* observer : observers)
        observer->happened({checkpoint->round, "resumed",
                            text("the run goes on after ", checkpoint->round, " rounds, on ", communicator->size(),
                                 " ranks of ", record.provenance["hosts"], ".")});
  }
  Simulation simulation(workshop, *communicator, dataset.classes(), observers, [&](const State& state) {
    recorder->keep();  // a checkpoint is never newer than the results on the disk
    to_checkpoint(state, options_toml).write(directory.checkpoint());
  });
  if (checkpoint) simulation.restore(shared_state(*checkpoint, *communicator));

  Tensor class_texts;  // of the zero-shot scores, which a run that goes on has already
  if (!checkpoint)
    class_texts =
        ensemble(encode_prompts("zero-shot", templates, dataset.class_names(), clip, device, *communicator).features);
  clip.release();  // what trains has its own copies
  const Ending ending = simulation.run(class_texts, clip.logit_scale(), signal_received);
  if (ending == Ending::interrupted) {
    log::info("interrupted after ", simulation.server().round, " rounds; the same command",
              arguments.restart ? " without --restart" : "", " goes on from there.");
    // Nobody leaves before the root has saved: a launcher kills the others when one rank is gone.
    communicator->barrier();
    return resumable;
  }
  if (root) {
    NamedTensors prompts;
    for (const auto& [name, tensor] : simulation.shared()) prompts[name] = tensor;
    export_prompts(directory.prompts(), prompts, clip, dataset.class_names());
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
