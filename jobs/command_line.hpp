// What subcommands read of a command line alike: a TOML file, assignments over it, shortcuts for some of them, an
// output.
#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct CommandLine {
  std::string config, output;
  std::vector<std::string> assignments;
  bool quiet = false, list = false;

  /// Sets `options` to what the file and the assignments say. True where they were to be listed, which is done.
  bool read_into(OptionList& options) const;
  /// A communicator of that backend, on which all ranks were given the same options; logs what the root says. Signals
  /// are watched. `on_gpus`: where ranks train.
  std::unique_ptr<Communicator> start(const std::string& backend, const OptionList& options,
                                      bool on_gpus = false) const;
};

/// Declares the options above; `output` says what is written. `line` must outlive the command.
void declare(CLI::App& command, CommandLine& line, const char* output);

/// What --help ends with: every option of a struct, which must outlive the command.
template <class Options>
void list_in_help(CLI::App& command, Options& options) {
  command.footer([&options] { return "Options of the TOML file and of --set:\n" + OptionList::of(options).help(); });
}

/// `flag VALUE` for `--set option=VALUE`.
void declare_shortcut(CLI::App& command, CommandLine& line, const char* flag, const char* option, const char* help);

}  // namespace fedorbit
