// The program `fedorbit`: one subcommand a job, and the one place where errors end a run.
#include <malloc.h>

#include <cstdlib>

#include "comm/failure.hpp"
#include "core/error.hpp"
#include "core/home.hpp"
#include "core/version.hpp"
#include "jobs/commands.hpp"

int main(int count, char** arguments) {
  // glibc gives large blocks back to the system at once; every step would fault the same pages in again. Blocks of 64
  // MiB and more may go: vectors of whole models, over which a step works for so long that faults are nothing. Kept,
  // they leave holes that the next ones do not fit into (rounds of 20 million parameters then peak at 1.7 to 1.9 GB
  // instead of 1.2), while steps of prompts, whose blocks are smaller, take the same time either way.
  // Older versions of glibc take at most 32 MiB.
  if (mallopt(M_MMAP_THRESHOLD, 1 << 26) == 0) mallopt(M_MMAP_THRESHOLD, 1 << 25);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  // cuBLAS repeats its sums in the same order only with a workspace of its own.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);

  CLI::App program("FedOrbit simulates federated vision-language learning on remote-sensing imagery.", "fedorbit");
  program.require_subcommand(1);
  program.set_version_flag("--version", fedorbit::build());
  fedorbit::add_run(program);
  fedorbit::add_prepare(program);
  fedorbit::add_pretrain(program);
  fedorbit::add_encode(program);
  fedorbit::add_evaluate(program);
  fedorbit::add_inspect(program);
  fedorbit::add_study(program);
  fedorbit::add_bench_comm(program);
  fedorbit::add_links(program);
  try {
    std::vector<std::string> words;  // last first, as CLI11 wants them
    for (int i = count; i-- > 1;) words.push_back(fedorbit::word_from_home(arguments[i]));
    program.parse(std::move(words));
    return 0;
  } catch (const fedorbit::ExitWith& exit) {
    return exit.code;
  } catch (const CLI::Success& shown) {  // --help, --version
    return program.exit(shown);
  } catch (const CLI::ExtrasError&) {
    std::string extra;
    for (const std::string& word : program.remaining(true)) extra = extra.empty() ? word : extra;
    return fedorbit::report_and_abort(
        fedorbit::Error(fedorbit::text("there is no argument ", extra,
                                       "; options of a configuration are given as --set "
                                       "section.name=value (--options lists them); see fedorbit --help.")));
  } catch (const CLI::ParseError& wrong) {
    return fedorbit::report_and_abort(fedorbit::Error(fedorbit::text(wrong.what(), "; see fedorbit --help.")));
  } catch (const std::exception& cause) {
    return fedorbit::report_and_abort(cause);
  }
}
