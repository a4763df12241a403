#include "results/checkpoint.hpp"

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit {
namespace {

const std::string filetype = "fedorbit-checkpoint";
constexpr std::int64_t version = 2;

/// SHA-256 of a tensor's name, type, shape and values.
std::string checksum_of(const std::string& name, const Tensor& tensor) {
  const Tensor values = tensor.detach().cpu().contiguous();
  const std::string_view bytes(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  return sha256(text(name, " ", values.scalar_type(), " ", values.sizes(), " ", sha256(bytes)));
}

/// SHA-256 of all that is no tensor.
std::string checksum_of_rest(const Checkpoint& state) {
  std::string all = text(state.round, "\n", state.options_toml, "\n", state.build, "\n", state.recorded.bytes, "\n",
                         state.recorded.checksum, "\n");
  for (const std::int64_t client : state.clients) all += text(client, "\n");
  for (const auto& [name, tensor] : state.server) all += "server " + name + "\n";
  for (const auto& [name, tensor] : state.client_rows) all += "client row " + name + "\n";
  return sha256(all);
}

void write_tensors(h5::File& file, const std::string& group, const std::map<std::string, Tensor>& tensors) {
  file.make_group(group);
  for (const auto& [name, tensor] : tensors)
    h5::write_tensor(file, group + "/" + name, tensor).set_attribute("sha256", checksum_of(name, tensor));
}

std::map<std::string, Tensor> read_tensors(const h5::File& file, const std::string& group) {
  std::map<std::string, Tensor> tensors;
  for (const std::string& name : file.names(group)) {
    const std::string path = group + "/" + name;
    const Tensor tensor = h5::read_tensor(file, path);
    require(file.dataset(path).text_attribute("sha256") == checksum_of(name, tensor), file.file(),
            " is damaged: the values of ", path, " do not fit their checksum.");
    tensors[name] = tensor;
  }
  return tensors;
}

void write_to(const std::filesystem::path& path, const Checkpoint& state) {
  for (const auto& [name, tensor] : state.client_rows)
    require(tensor.dim() > 0 && tensor.size(0) == std::int64_t(state.clients.size()), "the checkpoint's table ", name,
            " should have one row for each of ", state.clients.size(), " clients.");
  h5::File file = h5::File::create(path);
  file.set_attribute("filetype", filetype);
  file.set_attribute("version", version);
  file.set_attribute("round", state.round);
  file.set_attribute("options", state.options_toml);
  file.set_attribute("build", state.build);
  file.set_attribute("recorded_bytes", state.recorded.bytes);
  file.set_attribute("recorded_sha256", state.recorded.checksum);
  write_tensors(file, "/server", state.server);
  file.write<std::int64_t>("/clients", {std::int64_t(state.clients.size())}, state.clients);
  write_tensors(file, "/client_rows", state.client_rows);
  // Written last: a file without it is not whole.
  file.set_attribute("sha256", checksum_of_rest(state));
  file.close();
}

}  // namespace

std::filesystem::path Checkpoint::previous(const std::filesystem::path& path) {
  return path.parent_path() / (path.stem().string() + ".previous" + path.extension().string());
}

void Checkpoint::write(const std::filesystem::path& path) const {
  try {
    write_to(part_path(path), *this);
    // Before it takes the place of one that is whole.
    flush_to_disk(part_path(path));
    read(part_path(path));
    if (std::filesystem::exists(path)) replace_file(path, previous(path));
    publish(path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(part_path(path), ignored);
    throw;
  }
}

Checkpoint Checkpoint::read(const std::filesystem::path& path) {
  const h5::File file = h5::File::open(path);
  require(file.has_attribute("filetype") && file.text_attribute("filetype") == filetype, path.string(),
          " is an HDF5 file, but not a checkpoint.");
  require(file.integer_attribute("version") == version, path.string(), " is a checkpoint of version ",
          file.integer_attribute("version"), ", but this program reads version ", version, ".");
  require(file.has_attribute("sha256"), path.string(), " is a checkpoint that was not written to its end.");
  Checkpoint state;
  state.round = file.integer_attribute("round");
  state.options_toml = file.text_attribute("options");
  state.build = file.text_attribute("build");
  state.recorded = {file.integer_attribute("recorded_bytes"), file.text_attribute("recorded_sha256")};
  state.server = read_tensors(file, "/server");
  state.clients = file.read<std::int64_t>("/clients");
  state.client_rows = read_tensors(file, "/client_rows");
  require(file.text_attribute("sha256") == checksum_of_rest(state), path.string(),
          " is damaged: its options, numbers or names do not fit their checksum.");
  return state;
}

}  // namespace fedorbit
