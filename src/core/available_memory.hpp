// How much memory a process may still take: what the machine has left, and what its control groups leave it. Slurm
// and container engines set limits through these, so that a job ends long before the machine is full.
#pragma once
#include <filesystem>
#include <optional>

namespace fedorbit {

/// Bytes that this process and those who share its limits could still have without swapping; nothing where nobody says.
/// `root` is where /proc and /sys are.
std::optional<double> available_memory(const std::filesystem::path& root = "/");

}  // namespace fedorbit
