// `fedorbit run`: one experiment, from its configuration to its results file.
#include <ATen/ops/tensor.h>

#include <numeric>

#include "comm/node_memory.hpp"
#include "comm/way.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "core/version.hpp"
#include "core/words.hpp"
#include "data/split_file.hpp"
#include "evaluation/frozen_exam.hpp"
#include "federation/assemble.hpp"
#include "federation/census.hpp"
#include "federation/cohort.hpp"
#include "federation/exams.hpp"
#include "federation/fleet.hpp"
#include "federation/memory_check.hpp"
#include "federation/placement.hpp"
#include "federation/public_batches.hpp"
#include "federation/simulation.hpp"
#include "inputs/arithmetic.hpp"
#include "inputs/batch_sources.hpp"
#include "inputs/feature_store.hpp"
#include "inputs/open_data.hpp"
#include "io/file.hpp"
#include "io/scratch_file.hpp"
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
#include "results/trained_model.hpp"

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

/// What is read before the run directory is touched: a misspelt name loses nothing there.
struct Opened {
  Sources sources;
  Parts parts;
  std::unique_ptr<Downstream> downstream;  // where encoders are judged on other data, too
  std::optional<Dataset> public_images;    // of data.public, where the strategy looks at any
};

std::optional<Dataset> open_public_images(const Experiment& experiment, const Sources& sources, const Parts& parts,
                                          Communicator& communicator) {
  const std::string& path = experiment.data.public_images;
  if (path.empty() || parts.strategy->public_batches().count == 0) return {};
  Dataset dataset = open_data(path, experiment.synthetic, communicator);
  require(dataset.checksum() != sources.data_checksum, "data.public = ", path,
          " has the images of the data itself, which clients have; set some of them aside with "
          "partition.public_images.");
  require_public_images(*parts.strategy, dataset.size(), text("data.public = ", path));
  return dataset;
}

Opened open(Experiment& experiment, at::Device device, Communicator& communicator) {
  Sources sources = open_sources(experiment.data, experiment.synthetic, experiment.model, device, communicator);
  Material material{sources.class_names,
                    sources.width,
                    sources.logit_scale,
                    sources.clip,
                    sources.texts,
                    experiment.engine,
                    [&](const Tensor& bytes) { return one_copy_on_node(bytes, communicator); }};
  auto learner = make_learner(experiment.method.learner, experiment.learner, std::move(material));
  if (const std::string read = learner->weights_checksum(); !read.empty())
    communicator.agree("weights of the learner " + experiment.method.learner, fingerprint(read));
  Parts parts = assemble(experiment, sources.labelled(), std::move(learner), device);
  std::unique_ptr<Downstream> downstream;
  if (!experiment.downstream.path.empty())
    downstream = std::make_unique<Downstream>(experiment.downstream, device,
                                              reading_of(experiment.machine, communicator).threads, communicator);
  auto public_images = open_public_images(experiment, sources, parts, communicator);
  return {std::move(sources), std::move(parts), std::move(downstream), std::move(public_images)};
}

/// The server's: of data.public, or set aside.
std::vector<Batch> public_images_of(const Opened& opened, const Batches& batches, const ReadingOptions& reading) {
  const Parts& parts = opened.parts;
  if (!opened.public_images) return public_batches(parts, batches, parts.partition->pools().public_images);
  std::vector<std::int64_t> all(std::size_t(opened.public_images->size()));
  std::iota(all.begin(), all.end(), 0);
  const LiveImages source(*opened.public_images, {}, batches.device(), parts.keys, reading);
  return public_batches(parts, source, std::move(all));
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
  record.provenance["data_sha256"] = opened.sources.data_checksum;
  record.provenance["weights_sha256"] = opened.sources.weights_checksum;
  if (const std::string read = opened.parts.learner->weights_checksum(); !read.empty())
    record.provenance["learner_weights_sha256"] = read;
  if (opened.downstream) record.provenance["downstream_data_sha256"] = opened.downstream->checksum();
  if (opened.public_images) record.provenance["public_sha256"] = opened.public_images->checksum();
  record.provenance["text_templates"] = opened.sources.templates;
  record.class_names = opened.sources.class_names;
  record.domain_names = opened.sources.domain_names;
  record.diagnostics = opened.parts.learner->diagnostics();
  return record;
}

/// At the root: the run and its clients in a few lines.
void introduce(const Experiment& experiment, const Opened& opened, const RunRecord& record, at::Device device,
               int ranks, bool verbose) {
  const std::string of_weights = opened.sources.clip ? opened.sources.clip->assumption : "";
  for (const std::string& assumption : {of_weights, opened.parts.learner->assumption()})
    if (!assumption.empty()) log::warning(assumption);
  const auto& training = experiment.training;
  const std::int64_t cohort = cohort_size(opened.parts.partition->clients(), training.participation),
                     together = clients_together(experiment, device, cohort, ranks),
                     groups = (cohort + together - 1) / together;
  const Partition& partition = *opened.parts.partition;
  const Labelled data = opened.sources.labelled();
  log::info(experiment.name, ": ", experiment.method.learner, " with ", experiment.method.strategy, " on ",
            counted(ranks, "rank"), ", ", device.str(), "\n", summary(record.clients, partition, data));
  if (const std::string more = notes(record, partition, data); !more.empty()) log::info(more);
  if (verbose) log::detail(who_holds_what(record.clients, record.class_names));
  if (groups < ranks)
    log::info("only ", groups, " of ", ranks, " ranks train: ", cohort, " clients a round in groups of ", together,
              "; a smaller training.group_size shares them among more.");
}

/// Who watches a run at the root: its file, its lines on the terminal, the machine.
struct Watchers {
  Recorder recorder;
  Progress progress;
  EventLog events;
  std::optional<MachineEvents> machine;

  Watchers(const std::filesystem::path& results, const std::optional<Restart>& restart, std::int64_t rounds)
      : recorder(restart ? Recorder(results, restart->checkpoint.recorded) : Recorder(results)), progress(rounds) {}
  std::vector<Observer*> all() { return {&recorder, &progress, &events}; }
};

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

  const Opened opened = open(experiment, device, *communicator);
  const Parts& parts = opened.parts;
  const Sources& sources = opened.sources;
  if (sources.imported)
    refuse_images(line.assignments, experiment, parts.learner->needs());
  else
    refuse_image_options(line.assignments, experiment, parts.learner->needs());
  BatchSources batches(device);
  Workshop workshop = parts.workshop(experiment, batches);
  schedule_of(workshop)->next();  // what it refuses is refused before anything is written
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
  if (held == RunDirectory::Holding::results) {
    if (root) {
      directory.finish();
      log::info("this run is finished: ", directory.results().string(), "\n", figures_of_merit(directory.results()));
    }
    return 0;
  }

  RunRecord record = record_of(opened, options_toml, *communicator);
  // Sums that depend on their order shall not depend on the clock.
  if (experiment.machine.backend == "auto" && experiment.training.aggregation == "exact") {
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
  if (sources.texts && sources.class_names.size() > 1) zero_shot = [&] { return by_texts(sources.texts(), sources.logit_scale, device); };
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
  std::vector<Observer*> observers;
  if (root) {
    if (!restart) {
      directory.begin(options_toml);
      if (!split.empty()) write_file(directory.split(), split);
    }
    watchers.emplace(directory.results(), restart, experiment.training.rounds);
    observers = watchers->all();
    for (Observer* observer : observers) observer->started(record);
    watchers->machine.emplace(*communicator, observers);
    observers.push_back(&*watchers->machine);
    for (const std::string& idle :
         {parts.learner->idle(), parts.strategy->idle(most_steps(record.clients, experiment.training))})
      if (!restart && !idle.empty())
        for (Observer* observer : observers) observer->happened({0, "warning", idle});
    if (restart)
      for (const EventRecord& event : events_of_restart(*restart, *communicator, record.provenance["hosts"]))
        for (Observer* observer : observers) observer->happened(event);
  }
  Simulation simulation(workshop, *communicator, std::move(exams), observers,
                        [&](const State& state) {
                          // A checkpoint is never newer than what was recorded on the disk.
                          to_checkpoint(state, options_toml, watchers->recorder.keep()).write(directory.checkpoint());
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
    const std::optional<Selected>& selected = simulation.selected();
    export_model(directory.model(), experiment, simulation.shared(),
                 selected ? selected->round : simulation.server().round, sources.weights_checksum,
                 sources.data_checksum, parts.learner->weights_checksum(), record.class_names);
    for (Observer* observer : observers) observer->finished(simulation.shared());
    directory.finish();
    if (selected)
      log::info("kept is the model after ", counted(selected->round, "round"), ", whose validation accuracy is ",
                percent(selected->accuracy), " in the mean of clients");
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
