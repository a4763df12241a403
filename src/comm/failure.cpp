#include "comm/failure.hpp"

#include <c10/util/Exception.h>
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "core/error.hpp"

namespace fedorbit {
namespace {

bool mpi_is_running() {
  int started = 0, ended = 0;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  return started && !ended;
}

/// This process's rank, from MPI or else from what Open MPI, PMIx, PMI or Slurm put into the environment.
int rank_of_this_process() {
  int rank = 0;
  if (mpi_is_running()) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
  }
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* value = std::getenv(variable)) return std::atoi(value);
  return 0;
}

/// What the cause says, on one line; LibTorch's errors would add the call stack.
std::string sentence_of(const std::exception& cause) {
  const auto* torch = dynamic_cast<const c10::Error*>(&cause);
  std::string sentence = torch ? torch->what_without_backtrace() : cause.what();
  std::replace(sentence.begin(), sentence.end(), '\n', ' ');
  return sentence;
}

}  // namespace

void abort_everyone(int code) {
  if (mpi_is_running()) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

int report_and_abort(const std::exception& cause) {
  std::signal(SIGALRM, SIG_DFL);
  alarm(8);
  const int rank = rank_of_this_process();
  // Without MPI nobody is aborted: the launcher must notice that the root has ended, which takes it a second or two.
  const int patience = mpi_is_running() ? 1000 : 3500;
  if (rank > 0) std::this_thread::sleep_for(std::chrono::milliseconds(patience + 200 * std::min(rank, 10)));
  const std::string sentence = (rank > 0 ? text("rank ", rank, ": ") : std::string()) + sentence_of(cause) + "\n";
  std::fputs(sentence.c_str(), stderr);
  std::fflush(stderr);
  if (mpi_is_running()) abort_everyone(1);
  return 1;
}

}  // namespace fedorbit
