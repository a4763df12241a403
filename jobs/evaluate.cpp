// fedorbit evaluate: how well frozen features are labelled by texts, by a run's prompts, by a probe and by neighbours.
#include <CLI/CLI.hpp>
#include <memory>
#include <numeric>
#include <optional>

#include "algorithms/learners/prompt.hpp"
#include "algorithms/losses/cross_entropy.hpp"
#include "comm/factory.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "jobs/scores.hpp"
#include "results/learned_prompts.hpp"
#include "results/provenance.hpp"
#include "results/recorder.hpp"
#include "results/schema.hpp"
#include "simulation/encode.hpp"
#include "simulation/linear_probe.hpp"
#include "simulation/nearest_neighbours.hpp"
#include "simulation/scoring.hpp"
#include "simulation/zero_shot.hpp"

namespace fedorbit {
namespace {

struct EvaluatedData {
  std::string path, features, feature_store, class_names;
  void fields(OptionList& v) {
    v("path", path, "a data set made by `fedorbit prepare`; empty, with no features: synthetic scenes");
    v("features", features, "a feature file made by `fedorbit encode`; alone it needs neither data nor weights");
    v("feature_store", feature_store, "folder that keeps image features; empty: the user's cache");
    v("class_names", class_names, "a file of other names for the classes, a line each, in their order");
  }
};

struct EvaluatedModel : WeightOptions {
  std::string templates, templates_file, prompts;
  double logit_scale = 0;
  EvaluatedModel() { weights.clear(); }  // the run's with prompts, none with a feature file, else the embedded ones
  void fields(OptionList& v) {
    WeightOptions::fields(v);
    v("templates", templates, "what the tower reads of a class, separated by semicolons; {} stands for its name");
    v("templates_file", templates_file, "the same as a file, a line each");
    v("prompts", prompts, "a finished run's directory, its results.h5, or its prompts.safetensors");
    v("logit_scale", logit_scale, "", "the factor on cosines in losses; 0: the tower's, or 100 of imported features", 0,
      1e6);
  }
};

struct ProbeOptions {
  bool linear = true, neighbours = true;
  double test_fraction = 0.2, temperature = 0.07;
  std::int64_t k = 20;
  void fields(OptionList& v) {
    v("linear", linear, "whether a linear classifier is fitted to features");
    v("neighbours", neighbours, "whether images are labelled by their nearest neighbours");
    v("test_fraction", test_fraction, "", "share of each class on which these two are tested; the rest trains them",
      0.01, 0.9);
    v("k", k, "images", "how many neighbours vote", 1, 1e6);
    v("temperature", temperature, "", "a neighbour's vote is exp(cosine / temperature)", 1e-3, 1e3);
  }
};

struct EvaluateOptions {
  std::string name = "evaluation";
  std::int64_t seed = 1;
  EvaluatedData data;
  SyntheticOptions synthetic;
  EvaluatedModel model;
  ProbeOptions probe;
  MachineOptions machine;
  void fields(OptionList& v) {
    v("name", name, "what the evaluation is called in reports");
    v("seed", seed, "", "of the split for the probe and the neighbours", 0, 9e15);
    v.section("data", data);
    v.section("synthetic", synthetic);
    v.section("model", model);
    v.section("probe", probe);
    v.section("machine", machine);
  }
};

struct Request {
  std::string config, output;
  std::vector<std::string> assignments;
  bool quiet = false, list = false;
  EvaluateOptions options;
};

/// What is evaluated: features with labels, and the tower where one is needed.
struct Subject {
  FeatureSet set;
  std::string data_checksum, weights_checksum;
  std::optional<Clip> clip;
  std::optional<TrainedLearner> trained;
  std::vector<PromptFeatures> prompts;
};

std::vector<std::string> wanted_templates(const EvaluatedModel& model, bool by_default) {
  require(model.templates.empty() || model.templates_file.empty(),
          "either model.templates or model.templates_file can be named, not both.");
  if (!model.templates.empty()) return templates_in(model.templates, "model.templates");
  if (model.templates_file.empty())
    return by_default ? std::vector<std::string>{"a satellite photo of a {}."} : std::vector<std::string>{};
  std::vector<std::string> templates = read_lines(model.templates_file);
  for (const std::string& pattern : templates)
    require(pattern.find("{}") != std::string::npos, model.templates_file, ": \"", pattern,
            "\" has no {} for the class name.");
  return templates;
}

/// Nothing where a signal ended the encoding of images.
std::optional<Subject> open_subject(const EvaluateOptions& options, at::Device device, Communicator& communicator) {
  Subject subject;
  const bool alone = !options.data.features.empty() && options.data.path.empty();
  if (alone) {
    subject.set = open_features(options.data.features);
    require(subject.set.labels.defined(), options.data.features, " holds features of texts, not of images.");
    communicator.agree("features " + options.data.features,
                       fingerprint(subject.set.origin.data + subject.set.origin.weights));
  }
  const bool said = !options.model.templates.empty() || !options.model.templates_file.empty();
  const bool needs_tower = !alone || said || !options.model.prompts.empty() || !options.model.weights.empty();
  const auto templates =
      wanted_templates(options.model, needs_tower && options.model.prompts.empty() && subject.set.prompts.empty());
  std::optional<LearnedPrompts> learned;
  if (!options.model.prompts.empty()) learned = read_learned_prompts(options.model.prompts);
  std::optional<Dataset> dataset;
  if (!alone) dataset = open_data(options.data.path, options.synthetic, communicator);
  if (needs_tower) {
    WeightOptions model = options.model;
    if (model.weights.empty() && learned && learned->named) model = *learned->named;
    require(!alone || !model.weights.empty(), "model.weights must name the weights whose tower reads the texts.");
    if (model.weights.empty()) model.weights = "embedded";
    subject.clip = open_weights(model, device, communicator);
    if (communicator.root() && !subject.clip->assumption.empty()) log::warning(subject.clip->assumption);
  }
  std::vector<std::string> class_names = alone ? subject.set.class_names : dataset->class_names();
  if (!options.data.class_names.empty()) {
    const auto names = read_lines(options.data.class_names);
    require(names.size() == class_names.size(), options.data.class_names, " names ", names.size(),
            " classes, but the images have ", class_names.size(), ".");
    class_names = names;
    subject.set.prompts.clear();  // they were read with the old names
  }
  if (learned) subject.trained.emplace(revive(*learned, *subject.clip, class_names, device));
  if (alone && subject.clip && !subject.set.imported)
    require_origin(options.data.features, subject.set.origin, {"", subject.clip->checksum, "", "", ""});
  if (!alone) {
    const bool patches = subject.trained && subject.trained->learner->labels_by_patches();
    auto features = features_of(*dataset, *subject.clip, {patches, false, {}}, options.data.features,
                                options.data.feature_store, device, communicator, signal_received);
    if (!features) {
      log::info("interrupted while encoding; the same command goes on from there.");
      communicator.barrier();
      return std::nullopt;
    }
    subject.set = std::move(*features);
  }
  subject.set.class_names = class_names;
  if (subject.clip) {
    subject.set.logit_scale = subject.clip->logit_scale();
    require(subject.clip->config.embed_dim == subject.set.of.features.size(1), options.data.features,
            " holds features of width ", subject.set.of.features.size(1), ", but the tower's have ",
            subject.clip->config.embed_dim, ".");
  }
  if (options.model.logit_scale > 0) subject.set.logit_scale = options.model.logit_scale;
  subject.prompts = subject.set.prompts;
  if (!templates.empty())
    subject.prompts.push_back(encode_prompts("templates", templates, class_names, *subject.clip, device, communicator));
  return subject;
}

struct Scores {
  std::vector<EvaluationRecord> records;
  std::vector<TemplateRecord> templates;
};

Scores score(const EvaluateOptions& options, Subject& subject, const Samples& samples, Communicator& communicator) {
  Scores scores;
  const auto classes = std::int64_t(subject.set.class_names.size());
  std::vector<std::int64_t> all(std::size_t(samples.labels().size(0)));
  std::iota(all.begin(), all.end(), 0);
  const auto judge = [&](const std::string& view, std::span<const std::int64_t> images, bool patches,
                         const Scorer& scorer) {
    const Tally tally = tally_of(samples, images, classes, patches, scorer, communicator);
    EvaluationRecord record = record_of(0, view, -1, tally);
    record.confusion = tally.confusion();
    return record;
  };
  const auto by_texts = [&](const Tensor& texts) -> Scorer {  // (C, d)
    const Tensor unit_texts = unit(texts.to(at::kFloat)).unsqueeze(0).to(samples.device());
    return [unit_texts, scale = subject.set.logit_scale](const Batch& batch) {
      return cosine_logits(batch.features, unit_texts, scale);
    };
  };
  for (const PromptFeatures& prompts : subject.prompts) {
    for (std::int64_t t = 0; t < prompts.features.size(0); ++t) {
      const EvaluationRecord one = judge("", all, false, by_texts(prompts.features[t]));
      scores.templates.push_back({prompts.name, prompts.templates[std::size_t(t)], one.correct, one.total, one.loss});
    }
    const std::string view = subject.prompts.size() == 1 ? "zero-shot" : prompts.name;
    scores.records.push_back(judge(view, all, false, by_texts(ensemble(prompts.features))));
  }
  if (subject.trained) {
    const Classifier& learner = *subject.trained->learner;
    scores.records.push_back(judge("prompts", all, learner.labels_by_patches(),
                                   subject.trained->learner->scorer(subject.trained->parameters, View::global)));
  }
  if (!options.probe.linear && !options.probe.neighbours) return scores;
  PartitionOptions split;
  split.clients = 1;
  split.test_fraction = options.probe.test_fraction;
  const std::vector<std::int64_t> domains(all.size(), 0);
  const auto pools =
      make_partition({{subject.set.labels.const_data_ptr<std::int64_t>(), all.size()}, domains, classes, 1}, split,
                     Keys(std::uint64_t(options.seed)));
  require(!pools->test_pool().empty() && !pools->train_pool().empty(),
          "there are too few images to split them for the probe and the neighbours; set probe.linear and "
          "probe.neighbours to false.");
  if (options.probe.linear) {
    const LinearProbe probe(samples.features(), samples.labels(), pools->train_pool(), classes);
    scores.records.push_back(
        judge("probe", pools->test_pool(), false, [&](const Batch& batch) { return probe.logits(batch.features); }));
  }
  if (options.probe.neighbours) {
    const NearestNeighbours voters(samples.features(), samples.labels(), pools->train_pool(), classes, options.probe.k,
                                   options.probe.temperature);
    scores.records.push_back(judge("neighbours", pools->test_pool(), false,
                                   [&](const Batch& batch) { return voters.logits(batch.features); }));
  }
  return scores;
}

/// Returns the exit code.
int evaluate(Request& request) {
  OptionList list = OptionList::of(request.options);
  if (!request.config.empty()) list.read_file(request.config);
  for (const std::string& assignment : request.assignments) list.set(assignment);
  if (request.list) {
    std::fputs(list.help().c_str(), stdout);
    return 0;
  }
  const EvaluateOptions& options = request.options;
  const std::filesystem::path run = options.model.prompts;
  if (!request.output.empty())
    require_output(request.output, schema::filetype,
                   {options.data.path, options.data.features, run, run / "results.h5"});
  watch_signals();
  const auto communicator = make_communicator(options.machine.backend);
  watch_signals();  // MPI may have set handlers of its own
  log::start(communicator->root() && !request.quiet ? log::Level::normal : log::Level::quiet);
  communicator->agree("resolved options", fingerprint(list.toml()));
  const at::Device device = prepare_machine(options.machine, *communicator);
  std::optional<Subject> opened = open_subject(options, device, *communicator);
  if (!opened) return resumable;
  Subject& subject = *opened;
  const Samples samples(subject.set.of, subject.set.labels, device);
  const Scores scores = score(options, subject, samples, *communicator);

  RunRecord record;
  record.options_toml = list.toml();
  record.provenance = provenance_of_run(*communicator);
  record.provenance["data_sha256"] = subject.set.origin.data;
  record.provenance["weights_sha256"] = subject.set.origin.weights;
  record.class_names = subject.set.class_names;
  if (communicator->root()) {
    if (!request.output.empty()) {
      Recorder recorder(request.output);
      recorder.started(record);
      recorder.evaluated(scores.records);
      recorder.templates_evaluated(scores.templates);
      recorder.finished({});
    }
    log::info(scores_in_words(scores.records, scores.templates, subject.set.class_names));
    if (!request.output.empty()) log::info("results: ", request.output);
  }
  communicator->barrier();
  return 0;
}

}  // namespace

void add_evaluate(CLI::App& program) {
  const auto request = std::make_shared<Request>();
  CLI::App& command = *program.add_subcommand(
      "evaluate",
      "label images by texts, by a run's prompts, by a linear probe and by neighbours; no training of prompts");
  const auto shortcut = [&](const char* flag, const char* option, const char* help) {
    command.add_option_function<std::string>(
        flag, [request, option](const std::string& value) { request->assignments.push_back(text(option, "=", value)); },
        help);
  };
  command.add_option("config", request->config, "TOML file; without one, the defaults");
  command.add_option("--set", request->assignments, "section.name=value, repeatable: over what the file says")
      ->take_all()
      ->allow_extra_args(false);
  shortcut("--features", "data.features", "the feature file, as data.features");
  shortcut("--data", "data.path", "the data set, as data.path");
  shortcut("--class-names", "data.class_names", "other names, as data.class_names");
  shortcut("--weights", "model.weights", "the checkpoint, as model.weights");
  shortcut("--templates", "model.templates", "as model.templates");
  shortcut("--prompts", "model.prompts", "a run, as model.prompts");
  command.add_option("-o,--output", request->output, "the results file to write; without one, the terminal only");
  command.add_flag("--options", request->list, "list all options, with the values this command line gives them");
  command.add_flag("-q,--quiet", request->quiet, "warnings only");
  command.callback([request] {
    if (const int code = evaluate(*request); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
