// fedorbit inspect: what a file is.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "jobs/commands.hpp"
#include "results/inspection.hpp"

namespace fedorbit {

void add_inspect(CLI::App& program) {
  const auto path = std::make_shared<std::string>();
  CLI::App& command = *program.add_subcommand("inspect", "say what a file of weights, data, features or results holds");
  command.add_option("file", *path, "the file, or a run directory")->required();
  command.callback([path] { std::fputs(inspection_of(*path).c_str(), stdout); });
}

}  // namespace fedorbit
