// What the communicator adds to MPI: its sum beside the bare MPI_Allreduce, by osu_allreduce's method (a loop of calls
// between two looks at the clock, a barrier before each), alternating in one run. For 2 ranks and more:
//   mpirun -n 2 build/tests/bench_allreduce
#include <ATen/ops/zeros.h>
#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "comm/mpi.hpp"
#include "core/clock.hpp"

namespace fedorbit {
namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Taken {
  double raw = 0, move = 0, whole = 0;  // seconds of a call; whole: with the agreement before it
};

Taken once(Tensor& values, std::int64_t calls, MpiCommunicator& communicator) {
  Taken out;
  for (std::int64_t i = 0; i < calls; ++i) {
    MPI_Barrier(MPI_COMM_WORLD);
    const Stopwatch watch;
    MPI_Allreduce(MPI_IN_PLACE, values.mutable_data_ptr(), int(values.numel()), MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    out.raw += watch.seconds() / double(calls);
  }
  const double before = communicator.ledger().sum()[Collective::all_reduce].transfer_seconds;
  for (std::int64_t i = 0; i < calls; ++i) {
    MPI_Barrier(MPI_COMM_WORLD);
    const Stopwatch watch;
    communicator.all_reduce(values);
    out.whole += watch.seconds() / double(calls);
  }
  out.move = (communicator.ledger().sum()[Collective::all_reduce].transfer_seconds - before) / double(calls);
  return out;
}

void compare() {
  MpiCommunicator communicator;
  if (communicator.root())
    std::printf("%12s%14s%14s%14s%12s%12s\n", "bytes", "raw us", "move us", "whole us", "move/raw", "whole/raw");
  for (const std::int64_t bytes : {8, 1024, 8192, 16384, 65536, 1 << 20, 1 << 23, 1 << 26}) {
    Tensor values = at::zeros({bytes / 8}, at::kLong);
    const std::int64_t calls = bytes <= 65536 ? 2000 : bytes <= 1 << 20 ? 200 : 10;
    once(values, std::max<std::int64_t>(1, calls / 10), communicator);
    std::vector<double> raw, move, whole, of_move, of_whole;
    for (int turn = 0; turn < 9; ++turn) {
      const Taken taken = once(values, calls, communicator);
      raw.push_back(taken.raw), move.push_back(taken.move), whole.push_back(taken.whole);
      of_move.push_back(taken.move / taken.raw), of_whole.push_back(taken.whole / taken.raw);
    }
    if (communicator.root())
      std::printf("%12lld%14.2f%14.2f%14.2f%12.2f%12.2f\n", static_cast<long long>(bytes), 1e6 * median(raw),
                  1e6 * median(move), 1e6 * median(whole), median(of_move), median(of_whole));
  }
}

}  // namespace
}  // namespace fedorbit

int main() { fedorbit::compare(); }
