// fedorbit encode: features of images or texts as a file, computed by the tower or imported.
#include "inputs/encode.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "inputs/open_data.hpp"
#include "jobs/command_line.hpp"
#include "jobs/commands.hpp"
#include "jobs/import.hpp"
#include "jobs/opening.hpp"
#include "jobs/unused_options.hpp"
#include "model/towers/precision.hpp"

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
    v("computed_in", computed_in,
      "the tower's arithmetic; bfloat16, on processors that have instructions for it, is quicker and less exact",
      {"float32", "bfloat16"});
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
  CommandLine line;
  Import import;
  EncodeOptions options;
};

/// Every option must have something to say.
void check(const Request& request) {
  const Import& import = request.import;
  const EncodeOptions& options = request.options;
  if (!import.images.empty()) {
    require(request.line.assignments.empty() && request.line.config.empty(),
            "--import-images takes features as they are: a configuration, --data, --text-list, --weights, --views, "
            "--patches, --precision and --set do not go with it.");
    return;
  }
  require(import.labels.empty() && import.classes.empty() && import.texts.empty() && import.templates.empty() &&
              import.domains.empty(),
          "--labels, --classes, --texts, --templates and --domains go with --import-images FILE.npy.");
  require(options.data.texts.empty() || options.data.path.empty(),
          "either the images of data.path = ", options.data.path, " or the texts of data.texts = ", options.data.texts,
          " are encoded, not both.");
  require(options.data.texts.empty() || (!options.features.patches && options.views.count == 0),
          "features.patches and views.count are about images; data.texts = ", options.data.texts, " holds texts.");
  refuse_scenes(request.line.assignments, options.data.texts.empty() ? options.data.path : options.data.texts);
}

/// Returns the exit code.
int encode(Request& request) {
  OptionList list = OptionList::of(request.options);
  if (request.line.read_into(list)) return 0;
  const std::string& output = request.line.output;
  require(!output.empty(), "encode needs -o FILE.h5 to write to.");
  const EncodeOptions& options = request.options;
  check(request);
  require_output(output, feature_file::filetype, {options.data.path});
  const auto communicator = request.line.start(options.machine.backend, list);
  if (!request.import.images.empty()) {
    if (communicator->root()) import_features(request.import, output);
    communicator->barrier();
    return 0;
  }
  const at::Device device = prepare_machine(options.machine, *communicator);
  const bool half = options.features.type == "float16";
  const auto tower = [&] {
    const Clip clip = open_weights(options.model, device, *communicator);
    if (communicator->root() && !clip.assumption.empty()) log::warning(clip.assumption);
    return in_precision(clip, options.features.computed_in, "features.computed_in");
  };
  bool whole = false;
  if (!options.data.texts.empty()) {
    const auto texts = read_lines(options.data.texts);
    const Clip clip = tower();
    whole = encode_texts_to(output, texts, clip, half, device, *communicator, signal_received);
  } else {
    const Dataset dataset = open_data(options.data.path, options.synthetic, *communicator);
    const Clip clip = tower();
    whole = encode_images_to(output, dataset, clip, {options.features.patches, half, options.views}, device,
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
  declare(command, request->line, "the feature file to write; an interrupted one is gone on with");
  list_in_help(command, request->options);
  const auto shortcut = [&](const char* flag, const char* option, const char* help) {
    declare_shortcut(command, request->line, flag, option, help);
  };
  shortcut("--data", "data.path", "the data set, as data.path");
  shortcut("--text-list", "data.texts", "a file of texts instead, as data.texts");
  shortcut("--weights", "model.weights", "the clip's weights, as model.weights");
  shortcut("--precision", "features.computed_in", "float32 or bfloat16, as features.computed_in");
  shortcut("--views", "views.count", "augmented views, as views.count");
  command.add_flag_callback(
      "--patches", [request] { request->line.assignments.push_back("features.patches=true"); },
      "as features.patches=true");
  command.add_option("--import-images", request->import.images, "features computed elsewhere: an array file (N, d)");
  command.add_option("--labels", request->import.labels, "their labels: an array file (N)");
  command.add_option("--classes", request->import.classes, "names of the classes, a line each");
  command
      .add_option("--texts", request->import.texts, "features of texts, repeatable: array files (T, C, d) or (C, d)")
      ->allow_extra_args(true);
  command.add_option("--domains", request->import.domains, "the domain of each image, a line each");
  command.add_option("--templates", request->import.templates, "the T templates of such a file, a line each");
  command.callback([request] {
    if (const int code = encode(*request); code != 0) throw ExitWith{code};
  });
}

}  // namespace fedorbit
