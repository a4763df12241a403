// What the communicator adds to MPI: its sum beside the bare MPI_Allreduce, by osu_allreduce's method (a loop of calls
// between two looks at the clock, a barrier before each), alternating in one run; MPI's sum as that program has it,
// into a buffer of its own (what bench-comm calls bare), and in place, as a round's is. For 2 ranks and more:
//   mpirun -n 2 build/tests/bench_allreduce
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <malloc.h>
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
  double osu = 0, raw = 0, move = 0, whole = 0;  // seconds of a call, mean over ranks; whole: with the agreement before
};

double mean_over_ranks(double mine) {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  MPI_Allreduce(MPI_IN_PLACE, &mine, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return mine / ranks;
}

/// Mean seconds of `call` over ranks and calls; a tenth as many before it warm up.
template <class Call>
double timed(std::int64_t calls, Call call) {
  double seconds = 0;
  for (std::int64_t i = -std::max<std::int64_t>(1, calls / 10); i < calls; ++i) {
    MPI_Barrier(MPI_COMM_WORLD);
    const Stopwatch watch;
    call();
    if (i >= 0) seconds += watch.seconds();
  }
  return mean_over_ranks(seconds / double(calls));
}

Taken once(Tensor& values, Tensor& sums, std::int64_t calls, MpiCommunicator& communicator) {
  const auto sum = [&](const void* from) {
    MPI_Allreduce(from, sums.mutable_data_ptr(), int(values.numel()), MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  };
  Taken out;
  out.osu = timed(calls, [&] { sum(values.const_data_ptr()); });
  out.raw = timed(calls, [&] { sum(MPI_IN_PLACE); });
  const Cost before = communicator.ledger().sum()[Collective::all_reduce];
  out.whole = timed(calls, [&] { communicator.all_reduce(sums); });
  const Cost after = communicator.ledger().sum()[Collective::all_reduce];
  out.move = mean_over_ranks((after.transfer_seconds - before.transfer_seconds) / double(after.calls - before.calls));
  return out;
}

Tensor buffer(std::int64_t bytes) {
  const Tensor space = at::ones({bytes + 4096}, at::kByte);
  const auto address = reinterpret_cast<std::uintptr_t>(space.const_data_ptr());
  return space.narrow(0, std::int64_t((4096 - address % 4096) % 4096), bytes).view(at::kLong);
}

void compare() {
  MpiCommunicator communicator;
  if (communicator.root())
    std::printf("%12s%14s%14s%14s%14s%12s%12s\n", "bytes", "osu us", "raw us", "move us", "whole us", "move/raw",
                "whole/raw");
  for (const std::int64_t bytes : {8, 1024, 8192, 16384, 65536, 1 << 20, 1 << 23, 1 << 26}) {
    Tensor values = buffer(bytes), sums = buffer(bytes);
    const std::int64_t calls = bytes <= 65536 ? 1000 : bytes <= 1 << 24 ? 100 : 20;
    std::vector<double> osu, raw, move, whole, of_move, of_whole;
    for (int turn = 0; turn < 9; ++turn) {
      const Taken taken = once(values, sums, calls, communicator);
      osu.push_back(taken.osu), raw.push_back(taken.raw), move.push_back(taken.move), whole.push_back(taken.whole);
      of_move.push_back(taken.move / taken.raw), of_whole.push_back(taken.whole / taken.raw);
    }
    if (communicator.root())
      std::printf("%12lld%14.2f%14.2f%14.2f%14.2f%12.2f%12.2f\n", static_cast<long long>(bytes), 1e6 * median(osu),
                  1e6 * median(raw), 1e6 * median(move), 1e6 * median(whole), median(of_move), median(of_whole));
  }
}

}  // namespace
}  // namespace fedorbit

int main() {
  mallopt(M_MMAP_THRESHOLD, 1 << 26);  // as in jobs/main.cpp: MPI's scratch memory comes from the same heap
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  fedorbit::compare();
}
