// The program `fedorbit`: one subcommand a job; the one place where errors end a run.
#include <CLI/CLI.hpp>

#include "jobs/commands.hpp"

int main(int count, char** arguments) {
  CLI::App program("FedOrbit simulates federated vision-language learning on remote-sensing imagery.", "fedorbit");
  CLI11_PARSE(program, count, arguments);
}
