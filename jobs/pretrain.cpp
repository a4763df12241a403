// fedorbit pretrain: trains a small CLIP and writes its weights.
#include "pretraining/pretrain.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "comm/factory.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/version.hpp"
#include "jobs/command_line.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "jobs/unused_options.hpp"

namespace fedorbit {
namespace {

struct Request {
  std::string config, output, log;
  std::vector<std::string> assignments;
  PretrainOptions options;
};

void start(Request& request) {
  OptionList list = OptionList::of(request.options);
  if (!request.config.empty()) list.read_file(request.config);
  for (const std::string& assignment : request.assignments) list.set(assignment);
  refuse_scenes(request.assignments, request.options.data.path);
  require(!request.output.empty(), "pretrain needs -o FILE.safetensors to write to.");
  const auto communicator = make_communicator(request.options.machine.backend);
  log::start(communicator->root() ? log::Level::normal : log::Level::quiet,
             communicator->root() ? std::filesystem::path(request.log) : std::filesystem::path());
  communicator->agree("build of the program", fingerprint(build()));
  communicator->agree("resolved options", fingerprint(list.toml()));
  require_output(request.output, clip_format, {request.options.data.path});
  pretrain(request.options, request.output, *communicator);
}

}  // namespace

void add_pretrain(CLI::App& program) {
  auto request = std::make_shared<Request>();
  CLI::App& command = *program.add_subcommand("pretrain", "train a small CLIP on labelled images");
  command.add_option("config", request->config, "TOML file; without one, the defaults");
  command.add_option("--set", request->assignments, "section.name=value, repeatable: over what the file says")
      ->take_all();
  command.add_option("-o,--output", request->output, "the weights to write (safetensors)");
  command.add_option_function<std::string>(
      "--validate", [request](const std::string& path) { request->assignments.push_back("data.validate=" + path); },
      "a data set on which accuracy is reported, as data.validate");
  command.add_option("--log", request->log, "a file for the log, beside the terminal");
  list_in_help(command, request->options);
  command.callback([request] { start(*request); });
}

}  // namespace fedorbit
