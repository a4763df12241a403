#include "pretraining/checkpoint.hpp"

#include <ATen/ops/tensor.h>

#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

std::string checksum_of(const std::string& identity, const std::string& epochs, const NamedTensors& tensors) {
  std::string all = sha256(identity) + epochs;
  for (const auto& [name, tensor] : tensors)
    all += name + sha256({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  return sha256(all);
}

/// Reads the file into the tensors of `weights`; returns the epochs.
std::int64_t read(const std::filesystem::path& file, const std::string& identity, TrainedWeights& weights) {
  const Safetensors held = read_safetensors(file);
  const std::string remedy = "; remove it to begin anew, or name another output.";
  const auto words = [&](const std::string& key) {
    const auto found = held.metadata.find(key);
    require(found != held.metadata.end(), file.string(), " is no checkpoint of a pre-training: it has no '", key, "'",
            remedy);
    return found->second;
  };
  const std::string epochs = words("epochs_done");
  require(words("sha256") == checksum_of(words("identity"), epochs, held.tensors), file.string(),
          " is damaged: it does not fit its checksum", remedy);
  require(words("identity") == identity, file.string(),
          " is of a pre-training with other options, on other data or by another build", remedy);
  for (auto& [name, tensor] : weights.state()) tensor.copy_(held.tensors.at(name));
  return std::stoll(epochs);
}

}  // namespace

void save_pretraining(const std::filesystem::path& file, const std::string& identity, std::int64_t epochs_done,
                      const TrainedWeights& weights) {
  const NamedTensors tensors = weights.state();
  const std::string epochs = std::to_string(epochs_done);
  write_safetensors(
      file, tensors,
      {{"identity", identity}, {"epochs_done", epochs}, {"sha256", checksum_of(identity, epochs, tensors)}});
}

std::int64_t resume_pretraining(const std::filesystem::path& file, const std::string& identity, TrainedWeights& weights,
                                Communicator& communicator) {
  std::int64_t epochs = 0;
  if (communicator.root() && std::filesystem::exists(file)) epochs = read(file, identity, weights);
  Tensor done = at::tensor(epochs);
  communicator.broadcast(done);
  if (done.item<std::int64_t>() > 0)
    for (auto& [name, tensor] : weights.state()) communicator.broadcast(tensor);
  return done.item<std::int64_t>();
}

}  // namespace fedorbit
