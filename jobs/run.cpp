// `fedorbit run`: one experiment, from its configuration to its results file.
#include <ATen/ops/tensor.h>

#include "comm/node_memory.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "core/version.hpp"
#include "core/words.hpp"
#include "evaluation/zero_shot.hpp"
#include "federation/census.hpp"
#include "federation/cohort.hpp"
#include "federation/memory_check.hpp"
#include "federation/simulation.hpp"
#include "inputs/arithmetic.hpp"
#include "inputs/feature_store.hpp"
#include "inputs/open_data.hpp"
#include "jobs/command_line.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "jobs/unused_options.hpp"
#include "results/event_log.hpp"
#include "results/figures_of_merit.hpp"
#include "results/machine_events.hpp"
#include "results/progress.hpp"
#include "results/provenance.hpp"
#include "results/recorder.hpp"
#include "results/resume.hpp"
#include "results/run_directory.hpp"

namespace fedorbit {
namespace {

struct Arguments {
  CommandLine line;
  Experiment experiment;
  bool restart = false, other_build = false, verbose = false;
};

/// The most local steps that a listed client takes in a round.
std::int64_t most_steps(const std::vector<ClientRecord>& clients, const TrainingOptions& training) {
  std::int64_t most = 0;
  for (const ClientRecord& client : clients) most = std::max(most, training.local_steps(client.train_samples).all);
  return most;
}

/// Returns the exit code.
int run(Arguments& arguments) {
  const CommandLine& line = arguments.line;
  Experiment& experiment = arguments.experiment;
  OptionList list = OptionList::of(experiment);
  if (line.read_into(list)) return 0;
  require(!line.config.empty(), "fedorbit run needs a configuration file; see configs/.");
  refuse_unused(line.assignments, experiment);
  const auto communicator = line.start(experiment.machine.backend, list);
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
  const std::string options_toml = list.toml();
  const auto strategy = make_strategy(experiment.method.strategy, experiment.strategy);
  strategy->check(experiment.optimiser);
  const auto upload_codec = make_codec(experiment.method.upload_codec);
  const auto download_codec = make_codec(experiment.method.download_codec);

  RunDirectory directory(line.output.empty() ? "runs/" + experiment.name : line.output);
  Tensor holding = at::tensor(std::int64_t{0});
  if (root) holding.fill_(std::int64_t(directory.open(options_toml, arguments.restart)));
  communicator->broadcast(holding);
  const auto held = RunDirectory::Holding(holding.item<std::int64_t>());
  // Said where a run ends before its time, whether it was told to or a rank has died.
  const std::string how_to_go_on = text("fedorbit run ", line.config, " -o ", directory.path().string(),
                                        " goes on from what it has saved; give it the same other arguments",
                                        arguments.restart ? " without --restart." : ".");
  communicator->advise(how_to_go_on);
  log::start(!root || line.quiet ? log::Level::quiet
             : arguments.verbose ? log::Level::verbose
                                 : log::Level::normal,
             root ? directory.log() : std::filesystem::path());
  if (held == RunDirectory::Holding::results) {
    if (root) {
      directory.finish();
      log::info("this run is finished: ", directory.results().string(), "\n", figures_of_merit(directory.results()));
    }
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
              counted(communicator->size(), "rank"), ", ", device.str(), "\n",
              summary(record.clients, *partition, view));
    if (const std::string more = notes(record, *partition, view); !more.empty()) log::info(more);
    if (arguments.verbose) log::detail(who_holds_what(record.clients, dataset.class_names()));
  }

  const auto features =
      features_of(dataset, clip, {learner->needs_patches(), false, experiment.views}, experiment.data.features,
                  experiment.data.feature_store, device, *communicator, signal_received);
  if (!features) {
    if (root && arguments.restart) directory.begin(options_toml);  // what goes on without --restart is the new run
    log::info("interrupted while encoding. ", how_to_go_on);
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

  std::optional<Restart> restart;
  if (held == RunDirectory::Holding::checkpoint) {
    restart.emplace();
    if (root) {
      restart = whole_checkpoint(directory.checkpoint(), directory.journal());
      require_same_build(restart->checkpoint, arguments.other_build);
    }
  }
  std::unique_ptr<Recorder> recorder;
  Progress progress(experiment.training.rounds);
  EventLog events;
  std::optional<MachineEvents> machine_events;
  std::vector<Observer*> observers;
  if (root) {
    if (!restart) directory.begin(options_toml);
    recorder = restart ? std::make_unique<Recorder>(directory.results(), restart->checkpoint.recorded)
                       : std::make_unique<Recorder>(directory.results());
    observers = {recorder.get(), &progress, &events};
    for (Observer* observer : observers) observer->started(record);
    machine_events.emplace(*communicator, observers);
    observers.push_back(&*machine_events);
    if (const std::string idle = strategy->idle(most_steps(record.clients, experiment.training));
        !restart && !idle.empty())
      for (Observer* observer : observers) observer->happened({0, "warning", idle});
    if (restart)
      for (const EventRecord& event : events_of_restart(*restart, *communicator, record.provenance["hosts"]))
        for (Observer* observer : observers) observer->happened(event);
  }
  Simulation simulation(workshop, *communicator, dataset.classes(), observers, [&](const State& state) {
    // A checkpoint is never newer than what was recorded on the disk.
    to_checkpoint(state, options_toml, recorder->keep()).write(directory.checkpoint());
  });
  if (restart) simulation.restore(shared_state(restart->checkpoint, *communicator));

  Tensor class_texts;  // of the zero-shot scores, which a run that goes on has already
  if (!restart)
    class_texts =
        ensemble(encode_prompts("zero-shot", templates, dataset.class_names(), clip, device, *communicator).features);
  clip.release();  // what trains has its own copies
  const Ending ending = simulation.run(class_texts, clip.logit_scale(), signal_received);
  if (ending == Ending::interrupted) {
    log::info("interrupted after ", counted(simulation.server().round, "round"), ". ", how_to_go_on);
    // Nobody leaves before the root has saved: a launcher kills the others when one rank is gone.
    communicator->barrier();
    return resumable;
  }
  if (root) {
    NamedTensors prompts;
    for (const auto& [name, tensor] : simulation.shared()) prompts[name] = tensor;
    export_prompts(directory.prompts(), prompts, clip, dataset.class_names());
    for (Observer* observer : observers) observer->finished(simulation.shared());
    directory.finish();
    log::info("results: ", directory.results().string(), "\n", figures_of_merit(directory.results()));
  }
  communicator->barrier();
  return 0;
}

}  // namespace

void add_run(CLI::App& program) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command =
      *program.add_subcommand("run", "Runs one experiment; under mpirun, clients are shared among ranks.");
  declare(command, arguments->line, "the run directory (default: runs/NAME); an interrupted run goes on");
  list_in_help(command, arguments->experiment);
  declare_shortcut(command, arguments->line, "--data", "data.path", "the data set, as data.path");
  declare_shortcut(command, arguments->line, "--weights", "model.weights", "the checkpoint, as model.weights");
  command.add_flag("--restart", arguments->restart, "remove what a run left in the directory, and start anew");
  command.add_flag("--other-build", arguments->other_build,
                   "go on with a run that another build of the program began; an event of the results says so");
  command.add_flag("-v,--verbose", arguments->verbose, "say how many images of which class each client holds, too");
  command.callback([arguments] {
    if (const int code = run(*arguments); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
