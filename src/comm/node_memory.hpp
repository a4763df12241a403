// Memory that the ranks of a node have in common.
#pragma once
#include "comm/communicator.hpp"

namespace fedorbit {

/// `bytes` (n) uint8 on the CPU, the same on every rank of a node -> these bytes in one place for all of them, to be
/// read only; it lives as long as a tensor that views it. Where the system keeps ranks from each other's files
/// (containers of their own), a rank keeps its own. Every rank calls.
Tensor one_copy_on_node(const Tensor& bytes, Communicator& communicator);

}  // namespace fedorbit
