// The subcommands: each source of this folder adds one to the program.
#pragma once
#include <CLI/CLI.hpp>

namespace fedorbit {

/// Thrown by a job that ends well with an exit code of its own.
struct ExitWith {
  int code;
};

void add_run(CLI::App& program);
void add_prepare(CLI::App& program);
void add_pretrain(CLI::App& program);
void add_encode(CLI::App& program);
void add_evaluate(CLI::App& program);
void add_inspect(CLI::App& program);
void add_study(CLI::App& program);
void add_bench_comm(CLI::App& program);
void add_links(CLI::App& program);

}  // namespace fedorbit
