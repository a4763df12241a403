// fedorbit bench-comm: what moving tensors between ranks takes here, in the columns of OSU's and NVIDIA's benchmarks.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>

#include "comm/bandwidth.hpp"
#include "comm/benchmark.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "core/words.hpp"
#include "jobs/bench_comm_options.hpp"
#include "jobs/command_line.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "results/benchmark_file.hpp"
#include "results/provenance.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

struct Arguments {
  CommandLine line;
  BenchCommOptions options;
};

std::string title(const Measurement& what, const Communicator& communicator) {
  return text("# ", name(what.collective), " of ", type_name(std::int64_t(what.type)), ", ", what.device.str(),
              ", backend ", communicator.name(), ", ", counted(communicator.size(), "rank"),
              communicator.remark().empty() ? "" : "; ", communicator.remark());
}

/// Heading and lines as osu_allreduce prints them: averages, microseconds; last, what that program itself would print.
struct OsuColumns {
  static void head() {
    std::printf("%-12s%18s%18s%18s%12s%14s\n", "# Size", "Avg Latency(us)", "Min Latency(us)", "Max Latency(us)",
                "Iterations", "Bare Avg(us)");
  }
  static void line(const Measured& m, int) {
    std::printf("%-12lld%18.2f%18.2f%18.2f%12lld%14s\n", static_cast<long long>(m.what.bytes), 1e6 * m.mean,
                1e6 * m.lowest, 1e6 * m.highest, static_cast<long long>(m.calls),
                std::isnan(m.bare) ? "-" : fixed(1e6 * m.bare, 2).c_str());
  }
};

/// Those of nccl-tests: the slowest rank's median, bandwidths in 10^9 bytes a second.
struct NcclColumns {
  static void head() {
    std::printf("#%11s%14s%10s%12s%10s%10s%8s\n#%11s%14s%10s%12s%10s%10s%8s\n", "size", "count", "type", "time",
                "algbw", "busbw", "#wrong", "(B)", "(elements)", "", "(us)", "(GB/s)", "(GB/s)", "");
  }
  static void line(const Measured& m, int ranks) {
    const auto& what = m.what;
    std::printf("%12lld%14lld%10s%12.2f%10.3f%10.3f%8lld\n", static_cast<long long>(what.bytes),
                static_cast<long long>(what.bytes / std::int64_t(c10::elementSize(what.type))),
                type_name(std::int64_t(what.type)).c_str(), 1e6 * m.median,
                1e-9 * algorithm_bandwidth(what.collective, double(what.bytes), ranks, m.median),
                1e-9 * bus_bandwidth(what.collective, double(what.bytes), ranks, m.median),
                static_cast<long long>(m.wrong));
  }
};

/// All sizes of one collective: printed by the root as they come, and in the file's records.
template <class Columns>
void sweep(const BenchCommOptions& options, Measurement what, Communicator& communicator, BenchmarkRecords& records) {
  if (communicator.root()) std::printf("%s\n", title(what, communicator).c_str()), Columns::head();
  std::vector<Measured> of_sizes;
  for (const Size& size : options.sizes_for(what, communicator.size())) {
    what.bytes = size.bytes;
    const std::int64_t calls = options.calls_of(size.bytes);
    of_sizes.push_back(measure(what, std::max<std::int64_t>(1, calls / 10), calls, communicator));
    records.bandwidths.push_back({size.payload, of_sizes.back()});
    if (communicator.root()) Columns::line(of_sizes.back(), communicator.size()), std::fflush(stdout);
    Tensor stop = at::tensor(std::int64_t(signal_received != 0));
    communicator.all_reduce(stop, Reduce::max);
    if (stop.item<std::int64_t>() != 0) throw ExitWith{resumable};
  }
  if (of_sizes.size() < 2 || communicator.size() == 1) return;  // a rank alone has no link
  const std::optional<LinkModel> model = fitted(of_sizes);
  if (model) records.models.push_back({what, *model});
  if (!communicator.root()) return;
  if (model)
    std::printf("# latency %.2f us, rate %.3f GB/s, within %s (root mean square)\n\n", 1e6 * model->latency_seconds,
                1e-9 * model->bytes_per_second, percent(model->relative_error).c_str());
  else
    std::printf("# these sizes do not tell a latency and a rate apart\n\n");
}

void bench_comm(Arguments& arguments) {
  const BenchCommOptions& options = arguments.options;
  OptionList list = OptionList::of(arguments.options);
  if (arguments.line.read_into(list)) return;
  options.check();
  const std::string& output = arguments.line.output;
  if (!output.empty()) require_results_output(output, "bench-comm", {});
  const auto communicator = arguments.line.start(options.machine.backend, list, options.machine.device == "cuda");
  const at::Device device = prepare_machine(options.machine, *communicator);
  auto provenance = provenance_of_run(*communicator);
  provenance[schema::attribute::options] = list.toml();
  if (communicator->root() && communicator->size() == 1)
    log::warning("one rank alone has nobody to talk to: what is measured is the program; start it by mpirun.");
  BenchmarkRecords records;
  for (const Collective collective : options.collectives())
    for (const c10::ScalarType type : options.types_of(collective)) {
      const Measurement what{collective, type, device, 0};
      if (options.format == "osu")
        sweep<OsuColumns>(options, what, *communicator, records);
      else
        sweep<NcclColumns>(options, what, *communicator, records);
    }
  if (!output.empty() && communicator->root()) write_benchmark(output, records, *communicator, provenance);
  std::int64_t wrong = 0;
  for (const auto& record : records.bandwidths) wrong += record.measured.wrong;
  if (wrong > 0)
    throw SharedError(text(wrong, " numbers came out wrong: this machine's ", communicator->name(),
                           " cannot be used as it is; see the column of wrong ones."));
  communicator->barrier();
}

}  // namespace

void add_bench_comm(CLI::App& program) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *program.add_subcommand(
      "bench-comm", "measure what collectives take between the ranks of mpirun or srun, and check what they bring");
  declare(command, arguments->line, "a results file of what was measured");
  list_in_help(command, arguments->options);
  declare_shortcut(command, arguments->line, "--backend", "machine.backend", "single, mpi or nccl, as machine.backend");
  declare_shortcut(command, arguments->line, "--format", "format", "columns of osu or nccl, as format");
  command.callback([arguments] { bench_comm(*arguments); });
}

}  // namespace fedorbit
