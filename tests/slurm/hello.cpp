// A stand-in for the program with its command line, `run CONFIG -o DIR`: sums the ranks over MPI, says who took part,
// and leaves its command line as its results. With --until-signal it writes its config.toml, waits for SIGUSR2 or
// SIGTERM and ends as an interrupted run does, unless it was started before; with --unbegun it is interrupted before it
// has written any; with --die one rank is killed while the others, which SIGTERM ends, wait for it.
#include <mpi.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {
volatile std::sig_atomic_t told = 0;
}

int main(int count, char** arguments) {
  const std::string what = count > 5 ? arguments[5] : "";
  if (what == "--until-signal" || what == "--unbegun")
    for (const int signal : {SIGUSR2, SIGTERM}) std::signal(signal, [](int) { told = 1; });
  MPI_Init(&count, &arguments);
  int rank = 0, size = 0, sum = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  if (sum != size * (size - 1) / 2) MPI_Abort(MPI_COMM_WORLD, 3);

  const std::filesystem::path directory = arguments[4];
  const char* node = std::getenv("SLURMD_NODENAME");
  std::printf("rank %d of %d on %s\n", rank, size, node ? node : "no node");
  std::fflush(stdout);
  if (what == "--die") {
    std::signal(SIGTERM, SIG_DFL);
    if (rank == 2) std::raise(SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  bool interrupted = false;
  if (what == "--until-signal" || what == "--unbegun") {
    if (rank == 0 && what == "--until-signal") {
      std::filesystem::create_directories(directory);
      std::ofstream(directory / "config.toml") << "begun";
    }
    const bool resumed = std::filesystem::exists(directory / "checkpoint");
    MPI_Barrier(MPI_COMM_WORLD);
    while (!resumed && !told) usleep(20000);
    interrupted = !resumed;
  }
  if (rank == 0) {
    std::filesystem::create_directories(directory);
    std::ofstream out(directory / (interrupted ? "checkpoint" : "results.h5"));
    for (int i = 1; i < count; ++i) out << (i > 1 ? " " : "") << arguments[i];
  }
  MPI_Finalize();
  return interrupted ? 75 : 0;
}
