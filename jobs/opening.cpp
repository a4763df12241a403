#include "jobs/opening.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <sstream>

#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "io/file.hpp"
#include "io/h5.hpp"
#include "simulation/load_model.hpp"

namespace fedorbit {

at::Device prepare_machine(const MachineOptions& options, const Communicator& communicator) {
  at::set_num_threads(int(options.threads));
  at::globalContext().setDeterministicAlgorithms(true, false);
  at::globalContext().setDeterministicFillUninitializedMemory(
      false);  // what is made empty is written before it is read
  if (options.device == "cpu") return at::kCPU;
  const int gpus = at::hasCUDA() ? int(at::detail::getCUDAHooks().getNumGPUs()) : 0;
  require(gpus > 0, "machine.device = \"cuda\", but rank ", communicator.rank(),
          " sees no GPU; use a build with "
          "FEDORBIT_CUDA on a machine with a GPU, or machine.device = \"cpu\".");
  return at::Device(at::kCUDA, at::DeviceIndex(communicator.local_rank() % gpus));
}

Clip open_weights(const WeightOptions& model, at::Device device, Communicator& communicator) {
  const Clip clip = load_model(model);
  communicator.agree("weights " + model.weights, fingerprint(clip.checksum));
  return clip.to(device);
}

Dataset open_data(const std::string& path, const SyntheticOptions& scenes, Communicator& communicator) {
  Dataset dataset = path.empty() ? Dataset::synthetic(scenes) : Dataset::open(path);
  communicator.agree("data set " + path, fingerprint(dataset.checksum()));
  return dataset;
}

void require_output(const std::filesystem::path& output, const std::string& filetype,
                    std::initializer_list<std::filesystem::path> inputs) {
  namespace fs = std::filesystem;
  if (!fs::exists(output)) return;
  require(!fs::is_directory(output), output.string(), " is a folder; name a file to write to.");
  for (const fs::path& input : inputs)
    require(input.empty() || !fs::exists(input) || !fs::equivalent(input, output), output.string(),
            " is read; it cannot be written to as well.");
  bool same = false;
  try {
    const h5::File file = h5::File::open(output);
    same = file.has_attribute("filetype") && file.text_attribute("filetype") == filetype;
  } catch (const Error&) {  // no HDF5 at all
  }
  require(same, output.string(), " is there and is not of the kind that would be written (", filetype,
          "); remove it, or name another.");
}

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  std::istringstream words(read_file(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(words, line);) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == line.npos) continue;
    lines.push_back(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
    require(lines.back().find('\0') == std::string::npos, file.string(), " is not a text file: it holds zero bytes.");
  }
  require(!lines.empty(), file.string(), " holds no line of text.");
  return lines;
}

}  // namespace fedorbit
