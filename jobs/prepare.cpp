// fedorbit prepare: images in class folders, or synthetic scenes, become one data set file.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <thread>

#include "comm/factory.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/options.hpp"
#include "core/words.hpp"
#include "data/dataset_file.hpp"
#include "data/dataset_prepare.hpp"
#include "data/printable.hpp"
#include "io/image_formats.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"

namespace fedorbit {
namespace {

struct Request {
  std::string folder, output, bands, range, names, sheet;
  std::vector<std::string> domains;
  std::int64_t limit = 0, resize = 0;
  int jobs = int(std::max(1u, std::thread::hardware_concurrency()));
  bool skip_bad = false, unlabelled = false, synthetic = false, quiet = false;
  SyntheticOptions scenes;
  std::vector<CLI::Option*> of_scenes, of_folders;  // what is said of the one says nothing of the other
};

std::vector<int> parsed_bands(const std::string& list) {
  std::vector<int> bands;
  for (const std::string& part : CLI::detail::split(list, ',')) {
    int band = 0;
    require(CLI::detail::lexical_cast(part, band) && band >= 1,
            "--bands takes numbers from 1 separated by commas, such "
            "as 4,3,2; \"",
            list, "\" is not that.");
    bands.push_back(band);
  }
  require(bands.size() == 1 || bands.size() == 3,
          "--bands takes three bands for red, green and blue, or one for all "
          "three; ",
          bands.size(), " were given.");
  return bands;
}

SampleRange parsed_range(const std::string& range) {
  const std::size_t colon = range.find(':');
  SampleRange parsed{};
  require(colon != range.npos && CLI::detail::lexical_cast(range.substr(0, colon), parsed.low) &&
              CLI::detail::lexical_cast(range.substr(colon + 1), parsed.high) && parsed.low < parsed.high,
          "--range takes low:high with low below high, such as 0:4095; \"", range, "\" is not that.");
  return parsed;
}

/// The domains that the command line names; a folder alone is one domain that bears its name.
std::vector<std::pair<std::string, std::filesystem::path>> named_domains(const Request& request) {
  require(request.folder.empty() != request.domains.empty(),
          "prepare takes either one folder or --domain name=FOLDER "
          "(once or more), or --synthetic.");
  if (!request.folder.empty()) {
    const auto whole = std::filesystem::absolute(request.folder).lexically_normal();
    return {{printable((whole.has_filename() ? whole : whole.parent_path()).filename().string()), request.folder}};
  }
  std::vector<std::pair<std::string, std::filesystem::path>> domains;
  for (const std::string& domain : request.domains) {
    const std::size_t sign = domain.find('=');
    require(sign != domain.npos && sign > 0 && sign + 1 < domain.size(), "--domain takes name=FOLDER; \"", domain,
            "\" is not that.");
    domains.emplace_back(domain.substr(0, sign), domain.substr(sign + 1));
  }
  return domains;
}

/// A line on the terminal that is written over a few times a second; nothing where there is no terminal.
std::function<void(std::int64_t, std::int64_t)> progress_line() {
  if (!isatty(STDERR_FILENO)) return [](std::int64_t, std::int64_t) {};
  return [clock = Stopwatch(), shown = 0.0](std::int64_t done, std::int64_t total) mutable {
    const double now = clock.seconds();
    if (done < total && now - shown < 0.2) return;
    shown = now;
    std::fprintf(stderr, "\r%lld of %lld images, %.0f a second%s", static_cast<long long>(done),
                 static_cast<long long>(total), double(done) / std::max(now, 1e-9), done == total ? "\n" : " ");
  };
}

/// "21 classes: agricultural, airplane, ..."
std::string in_words(const std::vector<std::string>& class_names) {
  std::string list;
  for (const std::string& name : class_names) list += (list.empty() ? "" : ", ") + name;
  return text(class_names.size(), class_names.size() == 1 ? " class: " : " classes: ", list);
}

Prepared prepared(const Request& request) {
  const Preparation preparation{request.resize, request.jobs, progress_line()};
  if (request.synthetic) return prepare_synthetic(request.scenes, request.output, preparation);
  ImageOptions images;
  if (!request.bands.empty()) images.bands = parsed_bands(request.bands);
  if (!request.range.empty()) images.range = parsed_range(request.range);
  const ClassNames names = request.names.empty() ? ClassNames{} : read_class_names(request.names);
  const auto domains = named_domains(request);
  const ClassFolders folders = request.unlabelled
                                   ? read_unlabelled_folders(domains, request.limit)
                                   : read_class_folders(domains, {names, request.limit, request.skip_bad});
  for (const std::string& remark : folders.remarks) log::warning(remark);
  log::info(in_words(folders.class_names));
  if (folders.class_names.size() == 1 && !request.unlabelled)
    log::warning(
        "there is one class alone, \"", folders.class_names[0],
        "\": images are expected as FOLDER/<class>/<file>, so the folder may be one level too high; --unlabelled says "
        "that no classes are meant.");
  return prepare_folders(folders, images, request.skip_bad, request.output, preparation);
}

/// Every option that was given must have something to say.
void check(const Request& request) {
  require(!request.synthetic || (request.folder.empty() && request.domains.empty()),
          "prepare draws --synthetic scenes or reads folders, not both.");
  for (const CLI::Option* option : request.synthetic ? request.of_folders : request.of_scenes)
    require(option->count() == 0, option->get_name(),
            request.synthetic ? " is about images in folders, not about " : " is about ", "--synthetic scenes",
            request.synthetic                     ? "; leave it out."
            : option->get_name() == "--size"      ? "; --resize N makes the images of folders smaller."
            : option->get_name() == "--per-class" ? "; --limit N keeps the first N images of each class."
            : option->get_name() == "--domains"   ? "; --domain name=FOLDER names a folder's domain."
                                                  : "; leave it out, or say --synthetic.");
  require(!request.unlabelled || request.names.empty(),
          "--names is about classes, and images that are --unlabelled have none; leave one of them out.");
  require(request.sheet.empty() || ending_of(request.sheet) == ".png", "--contact-sheet writes a PNG: \"",
          request.sheet, "\" does not end so.");
  require(!request.output.empty() || !request.sheet.empty(), "prepare needs -o FILE.h5 to write to.");
}

void prepare(const Request& request) {
  const Stopwatch clock;
  if (!request.sheet.empty()) {
    write_png(request.sheet, contact_sheet(request.scenes, 8));
    log::info("contact sheet: ", request.sheet);
  }
  if (request.output.empty()) return;
  require_output(request.output, data_file::filetype, {});
  const Prepared result = prepared(request);
  for (const std::string& problem : result.skipped) log::warning("left out: ", problem);
  log::info(request.output, ": ", counted(std::int64_t(result.images), "image"), ", ", result.pixel_bytes / 1000000,
            " MB of pixels, ", result.skipped.size(), " left out, ", human_seconds(clock.seconds()), ", checksum ",
            result.checksum.substr(0, 12));
}

/// Threads do the work: of several ranks one prepares, and the others wait for the file.
void prepare_once(const Request& request) {
  check(request);
  const auto communicator = make_communicator("auto");
  log::start(communicator->root() && !request.quiet ? log::Level::normal : log::Level::quiet);
  if (communicator->root()) prepare(request);
  communicator->barrier();
}

}  // namespace

void add_prepare(CLI::App& program) {
  auto request = std::make_shared<Request>();
  CLI::App& command = *program.add_subcommand("prepare", "make a data set file of images in class folders");
  command.add_option("folder", request->folder, "images as FOLDER/<class>/<file>");
  command.add_option("-o,--output", request->output, "the data set file to write");
  command.add_option("--domain", request->domains, "name=FOLDER, repeatable: folders that become domains")->take_all();
  const auto of_folders = [&](CLI::Option* option) { request->of_folders.push_back(option); };
  const auto of_scenes = [&](CLI::Option* option) { request->of_scenes.push_back(option); };
  of_folders(command.add_option("--bands", request->bands,
                                "bands for red, green and blue, counted from 1; one stands for all"));
  of_folders(command.add_option("--range", request->range, "low:high, the sample values that become 0 and 255"));
  of_folders(command
                 .add_option("--resize", request->resize,
                             "pixels: larger images are reduced until their shorter side has so many")
                 ->check(CLI::Range(8, 4096)));
  of_folders(command.add_option("--names", request->names,
                                "TOML file: folder = \"class name\" or [\"class name\", \"synonym\"]"));
  of_folders(command.add_option("--limit", request->limit, "at most so many images of each class and domain; 0: all")
                 ->check(CLI::NonNegativeNumber));
  of_folders(command.add_flag("--skip-bad", request->skip_bad,
                              "leave out files that cannot be used, and list them in the file"));
  of_folders(command.add_flag("--unlabelled", request->unlabelled,
                              "take all images below each folder, however deep, as of no class"));
  command.add_option("--jobs", request->jobs, "threads; the file does not depend on it")->check(CLI::Range(1, 1024));
  command.add_flag("-q,--quiet", request->quiet, "warnings only");
  command.add_flag("--synthetic", request->synthetic, "draw scenes instead of reading images");
  SyntheticOptions& scenes = request->scenes;
  of_scenes(command.add_option("--classes", scenes.classes, "scene classes, separated by commas; none: all"));
  of_scenes(command.add_option("--domains", scenes.domains, "sensors of the scenes, separated by commas, or \"all\""));
  of_scenes(command.add_option("--per-class", scenes.per_class, "scenes of each class and domain")
                ->check(CLI::Range(1, 10000000)));
  of_scenes(command.add_option("--size", scenes.size, "pixels per side of a scene")->check(CLI::Range(8, 4096)));
  of_scenes(command.add_option("--seed", scenes.seed, "seed of the scenes")->check(CLI::NonNegativeNumber));
  of_scenes(
      command.add_option("--contact-sheet", request->sheet, "PNG to write with scenes of every class side by side"));
  command.callback([request] { prepare_once(*request); });
}

}  // namespace fedorbit
