#include "jobs/command_line.hpp"

#include <cstdio>
#include <fstream>

#include "comm/factory.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "core/version.hpp"

namespace fedorbit {

namespace {

/// Whether a file that is no configuration has a study's settings.
bool is_study(const std::string& file) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("[settings]")) return true;
  return false;
}

}  // namespace

bool CommandLine::read_into(OptionList& options) const {
  if (!config.empty() && is_study(config)) fail(config, " is a study: `fedorbit study ", config, "` runs it.");
  if (!config.empty()) options.read_file(config);
  for (const std::string& assignment : assignments) options.set(assignment);
  if (list) std::fputs(options.help().c_str(), stdout);
  return list;
}

std::unique_ptr<Communicator> CommandLine::start(const std::string& backend, const OptionList& options,
                                                 bool on_gpus) const {
  watch_signals();
  auto communicator = make_communicator(backend, on_gpus);
  watch_signals();  // MPI may have set handlers of its own
  communicator->advise("The same command goes on from what it has kept.");
  log::start(communicator->root() && !quiet ? log::Level::normal : log::Level::quiet);
  communicator->agree("build of the program", fingerprint(build()));
  communicator->agree("resolved options", fingerprint(options.toml()));
  return communicator;
}

void declare(CLI::App& command, CommandLine& line, const char* output) {
  command.add_option("config", line.config, "TOML file; without one, the defaults");
  command.add_option("--set", line.assignments, "section.name=value, repeatable: over what the file says")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("-o,--output", line.output, output);
  command.add_flag("--options", line.list, "list all options, with the values this command line gives them");
  command.add_flag("-q,--quiet", line.quiet, "warnings only");
}

void declare_shortcut(CLI::App& command, CommandLine& line, const char* flag, const char* option, const char* help) {
  command.add_option_function<std::string>(
      flag, [&line, option](const std::string& value) { line.assignments.push_back(text(option, "=", value)); }, help);
}

}  // namespace fedorbit
