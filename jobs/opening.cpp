#include "jobs/opening.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <thread>

#include "core/error.hpp"
#include "data/printable.hpp"
#include "io/file.hpp"
#include "io/h5.hpp"
#include "io/safetensors.hpp"
#include "results/run_directory.hpp"
#include "results/schema.hpp"
#include "results/written_by.hpp"

namespace fedorbit {

at::Device prepare_machine(const MachineOptions& options, const Communicator& communicator) {
  at::set_num_threads(int(options.threads));
  // Rounder arithmetic than was asked for, behind LibTorch's back.
  ::unsetenv("ONEDNN_DEFAULT_FPMATH_MODE");
  ::unsetenv("NVIDIA_TF32_OVERRIDE");
  at::globalContext().setDeterministicAlgorithms(true, false);
  at::globalContext().setDeterministicFillUninitializedMemory(
      false);  // what is made empty is written before it is read
  if (options.device == "cpu") return at::kCPU;
  const int gpus = at::hasCUDA() ? int(at::detail::getCUDAHooks().getNumGPUs()) : 0;
  require(gpus > 0, "machine.device = \"cuda\", but rank ", communicator.rank(),
          " sees no GPU; use a build with "
          "FEDORBIT_CUDA on a machine with a GPU, or machine.device = \"cpu\".");
  at::globalContext().setAllowTF32CuDNN(false);   // of convolutions
  at::globalContext().setAllowTF32CuBLAS(false);  // of products: containers may switch it on
  const at::Device device(at::kCUDA, at::DeviceIndex(communicator.local_rank() % gpus));
  const c10::impl::VirtualGuardImpl gpu(at::kCUDA);
  gpu.exchangeDevice(device);
  gpu.exchangeStream(gpu.getStreamFromGlobalPool(device));  // the default stream cannot be recorded
  return device;
}

ReadingOptions reading_of(const MachineOptions& options, const Communicator& communicator) {
  if (!h5::threads_allowed()) return {0, options.image_memory * double(1 << 30)};
  const std::int64_t idle = std::thread::hardware_concurrency() / communicator.local_size() - options.threads;
  return {int(options.readers > 0 ? options.readers : std::clamp<std::int64_t>(idle, 1, 8)),
          options.image_memory * double(1 << 30)};
}

namespace {

/// What a file of ours says it is; empty for all others.
std::string filetype_of(const std::filesystem::path& path) {
  try {
    const h5::File file = h5::File::open(path);
    return file.has_attribute("filetype") ? file.text_attribute("filetype") : "";
  } catch (const Error&) {  // no HDF5 at all
  }
  try {
    const auto metadata = read_safetensors(path).metadata;
    const auto format = metadata.find("format");
    return format == metadata.end() ? "" : format->second;
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

void require_output(const std::filesystem::path& output, const std::string& filetype,
                    std::initializer_list<std::filesystem::path> inputs) {
  namespace fs = std::filesystem;
  const fs::path folder = output.parent_path();
  RunDirectory run(folder);
  require(output.filename() != run.results().filename() || !fs::exists(run.options()), output.string(),
          " belongs to the run in that folder; name another file.");
  if (!fs::exists(output)) return;
  require(!fs::is_directory(output), output.string(), " is a folder; name a file to write to.");
  for (const fs::path& input : inputs)
    require(input.empty() || !fs::exists(input) || !fs::equivalent(input, output), output.string(),
            " is read; it cannot be written to as well.");
  require(filetype_of(output) == filetype, output.string(), " is there and is not of the kind that would be written (",
          filetype, "); remove it, or name another.");
}

void require_results_output(const std::filesystem::path& output, const std::string& command,
                            std::initializer_list<std::filesystem::path> inputs) {
  require_output(output, schema::filetype, inputs);
  if (!std::filesystem::exists(output)) return;
  const std::string before = results_written_by(output);
  require(before == command, output.string(), " holds results of ",
          before.empty() ? "another program" : text("fedorbit ", before), ", which fedorbit ", command,
          " does not overwrite; remove it, or name another file.");
}

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  std::istringstream words(read_file(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(words, line);) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == line.npos) continue;
    lines.push_back(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
    require(lines.back().find('\0') == std::string::npos, file.string(), " is not a text file: it holds zero bytes.");
    require(is_utf8(lines.back()), file.string(), " is not in UTF-8: its line \"", printable(lines.back()),
            "\" holds other bytes; save it as UTF-8.");
  }
  require(!lines.empty(), file.string(), " holds no line of text.");
  return lines;
}

std::vector<std::string> read_names(const std::filesystem::path& file) {
  std::vector<std::string> names = read_lines(file);
  std::set<std::string> seen;
  for (const std::string& name : names)
    require(seen.insert(name).second, file.string(), " names the class \"", name, "\" twice.");
  return names;
}

}  // namespace fedorbit
