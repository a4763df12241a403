// How a program of many ranks ends when something went wrong: one sentence from one rank, and nobody left behind.
#pragma once
#include <exception>

namespace fedorbit {

/// Ends every rank of the job at once; without MPI, this process.
[[noreturn]] void abort_everyone(int code);

/// For the main's catch. The root prints the cause at once and aborts. Another rank first waits 1 s (3.5 s before MPI
/// has started) and 0.2 s for each rank before it (at most 2 s), since the root or an earlier rank may be about to say
/// the same and end the job; then it prints "rank r: cause" and aborts. The cause is one line; LibTorch's call stacks
/// are left out. Returns the exit code where there is no MPI to abort; then the launcher's environment tells the rank.
/// A process that cannot end otherwise is ended by a timer after 8 s.
int report_and_abort(const std::exception& cause);

}  // namespace fedorbit
