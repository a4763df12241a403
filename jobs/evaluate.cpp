// fedorbit evaluate: how well frozen features are labelled by texts, by a trained model, by a probe and by neighbours.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "core/error.hpp"
#include "core/log.hpp"
#include "jobs/command_line.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "jobs/scores.hpp"
#include "jobs/unused_options.hpp"
#include "results/provenance.hpp"
#include "results/recorder.hpp"

namespace fedorbit {
namespace {

struct Request {
  CommandLine line;
  EvaluateOptions options;
};

void record(const std::string& output, const Scores& scores, const RunRecord& about,
            const std::vector<std::string>& warnings) try {
  Recorder recorder(output);
  recorder.started(about);
  for (const std::string& warning : warnings) recorder.happened({0, "warning", warning});
  recorder.evaluated(scores.scores);
  recorder.confused(scores.confusions);
  recorder.templates_evaluated(scores.templates);
  recorder.finished({});
} catch (const Error&) {  // nothing goes on from what it leaves
  std::error_code nothing_there;
  for (const auto& file : Recorder::working_files(output)) std::filesystem::remove(file, nothing_there);
  throw;
}

/// Returns the exit code.
int evaluate(Request& request) {
  OptionList list = OptionList::of(request.options);
  if (request.line.read_into(list)) return 0;
  const EvaluateOptions& options = request.options;
  const std::string& output = request.line.output;
  refuse_scenes(request.line.assignments, options.data.path.empty() ? options.data.features : options.data.path);
  const std::filesystem::path run = options.model.trained;
  if (!output.empty())
    require_results_output(output, "evaluate", {options.data.path, options.data.features, run, run / "results.h5"});
  const auto communicator = request.line.start(options.machine.backend, list);
  const at::Device device = prepare_machine(options.machine, *communicator);
  std::optional<Subject> opened = open_subject(options, device, *communicator);
  if (!opened) return resumable;
  Subject& subject = *opened;
  BatchSources sources(device);
  sources.features.emplace(subject.set.of, subject.set.labels, device);
  if (subject.dataset)
    sources.images.emplace(*subject.dataset, LiveImageOptions{}, device, Keys(0),
                           reading_of(options.machine, *communicator));
  const Scores scores = score(options, subject, sources, *communicator);

  RunRecord about;
  about.options_toml = list.toml();
  about.provenance = provenance_of_run(*communicator);
  about.provenance["data_sha256"] = subject.set.origin.data;
  about.provenance["weights_sha256"] = subject.set.origin.weights;
  about.class_names = subject.set.class_names;
  about.domain_names = subject.set.domain_names;
  if (communicator->root()) {
    if (!output.empty()) record(output, scores, about, subject.warnings);
    for (const std::string& warning : subject.warnings) log::warning(warning);
    log::info(in_words(scores, subject.set.class_names));
    if (!output.empty()) log::info("results: ", output);
  }
  communicator->barrier();
  return 0;
}

}  // namespace

void add_evaluate(CLI::App& program) {
  const auto request = std::make_shared<Request>();
  CLI::App& command = *program.add_subcommand(
      "evaluate", "label images by texts, by what a run has learned, by a linear probe and by neighbours");
  declare(command, request->line, "the results file to write; without one, the terminal only");
  list_in_help(command, request->options);
  const auto shortcut = [&](const char* flag, const char* option, const char* help) {
    declare_shortcut(command, request->line, flag, option, help);
  };
  shortcut("--features", "data.features", "the feature file, as data.features");
  shortcut("--data", "data.path", "the data set, as data.path");
  shortcut("--class-names", "data.class_names", "other names, as data.class_names");
  shortcut("--weights", "model.weights", "the clip's weights, as model.weights");
  shortcut("--templates", "model.templates", "as model.templates");
  shortcut("--model", "model.trained", "a run, as model.trained");
  command.callback([request] {
    if (const int code = evaluate(*request); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
