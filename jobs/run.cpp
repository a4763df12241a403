// `fedorbit run`: one experiment, from its configuration to its results file.
#include <ATen/ops/tensor.h>

#include "comm/way.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "core/version.hpp"
#include "core/words.hpp"
#include "data/split_file.hpp"
#include "evaluation/frozen_exam.hpp"
#include "federation/census.hpp"
#include "federation/exams.hpp"
#include "federation/fleet.hpp"
#include "federation/memory_check.hpp"
#include "federation/simulation.hpp"
#include "inputs/arithmetic.hpp"
#include "inputs/batch_sources.hpp"
#include "inputs/feature_store.hpp"
#include "io/file.hpp"
#include "io/scratch_file.hpp"
#include "jobs/command_line.hpp"
#include "jobs/commands.hpp"
#include "jobs/introduction.hpp"
#include "jobs/opened_run.hpp"
#include "jobs/opening.hpp"
#include "jobs/unused_options.hpp"
#include "jobs/watchers.hpp"
#include "results/figures_of_merit.hpp"
#include "results/resume.hpp"
#include "results/run_directory.hpp"
#include "results/same_inputs.hpp"
#include "results/trained_model.hpp"

namespace fedorbit {
namespace {

struct Arguments {
  CommandLine line;
  Experiment experiment;
  bool restart = false, other_build = false, verbose = false;
};

/// Collective: what the folder holds, as the root sees it.
RunDirectory::Holding take(RunDirectory& directory, const std::string& options_toml, bool restart,
                           Communicator& communicator) {
  Tensor holding = at::tensor(std::int64_t{0});
  if (communicator.root()) holding.fill_(std::int64_t(directory.open(options_toml, restart)));
  communicator.broadcast(holding);
  return RunDirectory::Holding(holding.item<std::int64_t>());
}

/// At the root: the model that a run has learned, and which round's it is.
void keep(Simulation& simulation, const Experiment& experiment, const OpenedRun& opened, const RunRecord& record,
          const RunDirectory& directory) {
  const std::optional<Selected>& selected = simulation.selected();
  export_model(directory.model(), experiment, simulation.shared(),
               selected ? selected->round : simulation.server().round, opened.sources.weights_checksum,
               opened.sources.data_checksum, opened.parts.learner->weights_checksum(), record.class_names);
  if (selected)
    log::info("kept is the model after ", counted(selected->round, "round"), ", whose validation accuracy is ",
              percent(selected->accuracy), " in the mean of clients");
}

/// At the root: what is there of a run that has finished before. Throws where its inputs are other ones now.
void say_finished(const RunRecord& record, RunDirectory& directory) {
  require_same_inputs(record, directory.results());
  directory.finish();
  if (!std::filesystem::exists(directory.model()))
    log::warning(directory.model().string(), " is not there any more; what it held is in ",
                 directory.results().string(), ", of which fedorbit evaluate --model reads it, too.");
  log::info("this run is finished: ", directory.results().string(), "\n", figures_of_merit(directory.results()));
}

/// Returns the exit code.
int run(Arguments& arguments) {
  const CommandLine& line = arguments.line;
  Experiment& experiment = arguments.experiment;
  OptionList list = OptionList::of(experiment);
  if (line.read_into(list)) return 0;
  require(!line.config.empty(), "fedorbit run needs a configuration file; see configs/.");
  refuse_unused(line.assignments, experiment);
  check_schedule(experiment);
  const auto communicator = line.start(experiment.machine.backend, list, experiment.machine.device == "cuda");
  const at::Device device = prepare_machine(experiment.machine, *communicator);
  const bool root = communicator->root();

  const OpenedRun opened = open_run(experiment, device, *communicator);
  const Parts& parts = opened.parts;
  const Sources& sources = opened.sources;
  if (sources.imported)
    refuse_images(line.assignments, experiment, parts.learner->needs());
  else
    refuse_image_options(line.assignments, experiment, parts.learner->needs());
  BatchSources batches(device);
  Workshop workshop = parts.workshop(experiment, batches);
  foresee(workshop);  // what it refuses is refused before anything is written
  const std::string options_toml = list.toml();
  RunDirectory directory(line.output.empty() ? "runs/" + experiment.name : line.output);
  const std::filesystem::path scratch = scratch_folder(experiment.machine.scratch, directory.path());
  const auto held = take(directory, options_toml, arguments.restart, *communicator);
  // Said where a run ends before its time, whether it was told to or a rank has died.
  const std::string how_to_go_on = text("fedorbit run ", line.config, " -o ", directory.path().string(),
                                        " goes on from what it has saved; give it the same other arguments",
                                        arguments.restart ? " without --restart." : ".");
  communicator->advise(how_to_go_on);
  log::start(!root || line.quiet ? log::Level::quiet
             : arguments.verbose ? log::Level::verbose
                                 : log::Level::normal,
             root ? directory.log() : std::filesystem::path());
  RunRecord record = record_of(experiment, opened, options_toml, *communicator);
  if (held == RunDirectory::Holding::results) {
    if (root) say_finished(record, directory);
    communicator->barrier();  // nobody leaves while the root may have something to refuse
    return 0;
  }

  // Sums that depend on their order shall not depend on the clock.
  if (experiment.machine.backend != "nccl" && experiment.training.aggregation == "exact") {
    const Aggregation sums(parts.learner->layout(), *parts.strategy, experiment.training.aggregation);
    record.provenance["backend_choice"] = choose_way(sums.length(), *communicator);
    log::detail(record.provenance["backend_choice"]);
  }
  std::string split;  // at the root; of clients that share images there is none
  if (root) {
    if (!parts.partition->overlaps()) {
      split = split_text(*parts.partition, sources.labelled());
      record.provenance["split_sha256"] = sha256(split);
    }
    record.clients = census(*parts.partition, sources.labelled(), experiment.partition.listed);
    introduce(experiment, opened, record, device, communicator->size(), arguments.verbose);
  }

  const bool patches = parts.learner->needs().patches;
  std::optional<InPhase> encoding(std::in_place, communicator->ledger(), Phase::encoding);
  const auto features =
      sources.imported
          ? sources.imported
          : features_of(*sources.dataset, *sources.clip, {patches, false, experiment.views}, experiment.data.features,
                        experiment.data.feature_store, device, *communicator, signal_received);
  encoding.reset();
  if (!features) {
    if (root && arguments.restart) directory.begin(options_toml);  // what goes on without --restart is the new run
    log::info("interrupted while encoding. ", how_to_go_on);
    communicator->barrier();
    return resumable;
  }
  record.provenance["arithmetic"] = arithmetic(device, *communicator);
  record.provenance["features_arithmetic"] = features->origin.arithmetic;
  const ReadingOptions reading = reading_of(experiment.machine, *communicator);
  batches.features.emplace(features->of, sources.labels, device, parts.keys);
  if (sources.dataset) batches.images.emplace(*sources.dataset, experiment.images, device, parts.keys, reading);
  if (experiment.engine.live_images) batches.encoder = *sources.clip;
  workshop.public_images = public_images_of(opened, batches, reading);
  require_memory(workshop, *communicator);
  const Questions questions = questions_of(experiment, parts, sources.labelled(), batches);
  std::optional<Questions> downstream;
  if (opened.downstream) downstream.emplace(opened.downstream->questions(questions.clients));
  std::function<Scorer()> zero_shot;
  if (sources.texts && sources.class_names.size() > 1)
    zero_shot = [&] { return by_texts(sources.texts(), sources.logit_scale, device); };
  // What these refuse is refused before anything is written.
  auto exams = exams_of(experiment, parts, questions, *batches.features, std::move(zero_shot), *communicator,
                        downstream ? &*downstream : nullptr);

  std::optional<Restart> restart;
  if (held == RunDirectory::Holding::checkpoint) {
    restart.emplace();
    if (root) {
      restart = whole_checkpoint(directory.checkpoint(), directory.journal());
      require_same_build(restart->checkpoint, arguments.other_build);
    }
  }
  std::optional<Watchers> watchers;
  if (root) {
    if (!restart) {
      directory.begin(options_toml);
      if (!split.empty()) write_file(directory.split(), split);
    }
    watchers.emplace(directory.results(), restart, experiment.training.rounds, *communicator);
    watchers->started(record);
    watchers->happened(restart ? events_of_restart(*restart, *communicator, record.provenance["hosts"])
                               : idle_options(experiment, parts, record));
  }
  Simulation simulation(workshop, *communicator, std::move(exams),
                        root ? watchers->of_rounds() : std::vector<Observer*>(),
                        [&](const State& state) {
                          // A checkpoint is never newer than what was recorded on the disk.
                          to_checkpoint(state, options_toml, watchers->keep()).write(directory.checkpoint());
                        },
                        {experiment.machine.client_bytes(), scratch});
  if (restart) simulation.restore(shared_state(restart->checkpoint, *communicator));
  restart.reset();                            // what it holds is the simulation's now
  if (sources.clip) sources.clip->release();  // what trains has its own copies
  const Ending ending = simulation.run(signal_received);
  if (ending == Ending::interrupted) {
    log::info("interrupted after ", counted(simulation.server().round, "round"), ". ", how_to_go_on);
    // Nobody leaves before the root has saved: a launcher kills the others when one rank is gone.
    communicator->barrier();
    return resumable;
  }
  if (root) {
    keep(simulation, experiment, opened, record, directory);
    watchers->finished(simulation.shared());
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
  declare_shortcut(command, arguments->line, "--weights", "model.weights", "the clip's weights, as model.weights");
  command.add_flag("--restart", arguments->restart, "remove what a run left in the directory, and start anew");
  command.add_flag("--other-build", arguments->other_build,
                   "go on with a run that another build of the program began; an event of the results says so");
  command.add_flag("-v,--verbose", arguments->verbose, "say how many images of which class each client holds, too");
  command.callback([arguments] {
    if (const int code = run(*arguments); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
