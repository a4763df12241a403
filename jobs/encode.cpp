// fedorbit encode: features of images or texts as a file, computed by the tower or imported.
#include "simulation/encode.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "comm/factory.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "jobs/commands.hpp"
#include "jobs/import.hpp"
#include "jobs/opening.hpp"

namespace fedorbit {
namespace {

struct InputOptions {
  std::string path, texts;
  void fields(OptionList& v) {
    v("path", path, "a data set made by `fedorbit prepare`; empty: synthetic scenes as [synthetic] describes them");
    v("texts", texts, "a file of texts, a line each, to encode instead of images");
  }
};

struct KeepOptions {
  bool patches = false;
  std::string type = "float32", computed_in = "float32";
  void fields(OptionList& v) {
    v("patches", patches, "whether the features of an image's patches are kept, too");
    v("type", type, "in which features are kept", {"float32", "float16"});
    v("computed_in", computed_in, "the tower's arithmetic", {"float32", "bfloat16"});
  }
};

struct EncodeOptions {
  InputOptions data;
  SyntheticOptions synthetic;
  WeightOptions model;
  KeepOptions features;
  ViewOptions views;
  MachineOptions machine;
  void fields(OptionList& v) {
    v.section("data", data);
    v.section("synthetic", synthetic);
    v.section("model", model);
    v.section("features", features);
    v.section("views", views);
    v.section("machine", machine);
  }
};

struct Request {
  std::string config, output;
  std::vector<std::string> assignments;
  bool quiet = false, list = false;
  Import import;
  EncodeOptions options;
};

/// Returns the exit code.
int encode(Request& request) {
  OptionList list = OptionList::of(request.options);
  if (!request.config.empty()) list.read_file(request.config);
  for (const std::string& assignment : request.assignments) list.set(assignment);
  if (request.list) {
    std::fputs(list.help().c_str(), stdout);
    return 0;
  }
  require(!request.output.empty(), "encode needs -o FILE.h5 to write to.");
  const EncodeOptions& options = request.options;
  require_output(request.output, feature_file::filetype, {options.data.path});
  watch_signals();
  const auto communicator = make_communicator(options.machine.backend);
  watch_signals();  // MPI may have set handlers of its own
  log::start(communicator->root() && !request.quiet ? log::Level::normal : log::Level::quiet);
  communicator->agree("resolved options", fingerprint(list.toml()));
  if (!request.import.images.empty()) {
    if (communicator->root()) import_features(request.import, request.output);
    communicator->barrier();
    return 0;
  }
  const Import& import = request.import;
  require(import.labels.empty() && import.classes.empty() && import.texts.empty() && import.templates.empty(),
          "--labels, --classes, --texts and --templates go with --import-images FILE.npy.");
  const at::Device device = prepare_machine(options.machine, *communicator);
  const bool half = options.features.type == "float16";
  const auto tower = [&] {
    const Clip clip = open_weights(options.model, device, *communicator);
    if (communicator->root() && !clip.assumption.empty()) log::warning(clip.assumption);
    return options.features.computed_in == "bfloat16" ? clip.to(at::kBFloat16) : clip;
  };
  bool whole = false;
  if (!options.data.texts.empty()) {
    const auto texts = read_lines(options.data.texts);
    const Clip clip = tower();
    whole = encode_texts_to(request.output, texts, clip, half, device, *communicator, signal_received);
  } else {
    const Dataset dataset = open_data(options.data.path, options.synthetic, *communicator);
    const Clip clip = tower();
    whole = encode_images_to(request.output, dataset, clip, {options.features.patches, half, options.views}, device,
                             *communicator, signal_received);
  }
  if (communicator->root() && !whole) log::info("interrupted; the same command goes on from there.");
  communicator->barrier();
  return whole ? 0 : resumable;
}

}  // namespace

void add_encode(CLI::App& program) {
  const auto request = std::make_shared<Request>();
  CLI::App& command =
      *program.add_subcommand("encode", "write features of images or texts; under mpirun, by all ranks");
  const auto shortcut = [&](const char* flag, const char* option, const char* help) {
    command.add_option_function<std::string>(
        flag, [request, option](const std::string& value) { request->assignments.push_back(text(option, "=", value)); },
        help);
  };
  command.add_option("config", request->config, "TOML file; without one, the defaults");
  command.add_option("--set", request->assignments, "section.name=value, repeatable: over what the file says")
      ->take_all()
      ->allow_extra_args(false);
  shortcut("--data", "data.path", "the data set, as data.path");
  shortcut("--text-list", "data.texts", "a file of texts instead, as data.texts");
  shortcut("--weights", "model.weights", "the checkpoint, as model.weights");
  shortcut("--views", "views.count", "augmented views, as views.count");
  command.add_flag_callback(
      "--patches", [request] { request->assignments.push_back("features.patches=true"); }, "as features.patches=true");
  command.add_option("--import-images", request->import.images, "features computed elsewhere: an array file (N, d)");
  command.add_option("--labels", request->import.labels, "their labels: an array file (N)");
  command.add_option("--classes", request->import.classes, "names of the classes, a line each");
  command
      .add_option("--texts", request->import.texts, "features of texts, repeatable: array files (T, C, d) or (C, d)")
      ->allow_extra_args(true);
  command.add_option("--templates", request->import.templates, "the T templates of such a file, a line each");
  command.add_option("-o,--output", request->output, "the feature file to write; an interrupted one is gone on with");
  command.add_flag("--options", request->list, "list all options, with the values this command line gives them");
  command.add_flag("-q,--quiet", request->quiet, "warnings only");
  command.callback([request] {
    if (const int code = encode(*request); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
