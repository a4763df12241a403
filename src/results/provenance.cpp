#include "results/provenance.hpp"

#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "algorithms/codecs/zstd.hpp"
#include "comm/factory.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/version.hpp"
#include "io/h5.hpp"

namespace fedorbit {
namespace {

/// What this process was started with, as Linux keeps it.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words{std::istreambuf_iterator<char>(file), {}};
  while (!words.empty() && words.back() == '\0') words.pop_back();
  std::ranges::replace(words, '\0', ' ');
  return words;
}

}  // namespace

std::map<std::string, std::string> provenance_of_run(Communicator& communicator) {
  std::map<std::string, std::string> known{
      {"program", "fedorbit"},
      {"program_version", fedorbit::version},
      {"program_commit", commit},
      {"command_line", command_line()},
      {"start", utc_now()},
      {"backend", communicator.name()},
      {"ranks", std::to_string(communicator.size())},
      {"mpi_version", mpi_library_version()},
      {"hdf5_version", h5::library_version()},
      {"libtorch_version", TORCH_VERSION},
      {"zstd_version", zstd_version()},
      {"cpu_capability", at::get_cpu_capability()},
  };
  if (at::detail::getCUDAHooks().hasCUDA())
    known["cuda_runtime"] = std::to_string(at::detail::getCUDAHooks().versionCUDART());
  std::string hosts;
  std::set<std::string> seen;
  for (const std::string& host : communicator.host_names())
    if (seen.insert(host).second) hosts += (hosts.empty() ? "" : ",") + host;
  known["hosts"] = hosts;
  for (const char* name :
       {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_JOB_NAME", "SLURM_NNODES"})
    if (const char* value = std::getenv(name)) known[name] = value;
  return known;
}

}  // namespace fedorbit
