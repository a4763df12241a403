// By which way sums go where there are several: from host memory over MPI, or from a GPU over NCCL or an MPI that takes
// GPU memory.
#pragma once
#include <string>

#include "comm/communicator.hpp"

namespace fedorbit {

/// Collective: the sum over ranks of numbers in host memory, in place, by way of Communicator::device().
void sum_by_way(Tensor& numbers, Communicator& communicator);

/// Collective, at the start. Where a communicator can move tensors from several devices, the sum of so many int64 is
/// timed by way of each, and the quickest is its device from then on, the same on every rank. Returns what was measured
/// and chosen, or why nothing was, as a sentence.
std::string choose_way(std::int64_t numbers, Communicator& communicator);

}  // namespace fedorbit
