#include "results/checkpoint.hpp"

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit {
namespace {

const std::string filetype = "fedorbit-checkpoint";
constexpr std::int64_t version = 1;

void write_to(const std::filesystem::path& path, const Checkpoint& state) {
  h5::File file = h5::File::create(path);
  file.set_attribute("filetype", filetype);
  file.set_attribute("version", version);
  file.set_attribute("round", state.round);
  file.set_attribute("options", state.options_toml);
  file.make_group("/server");
  for (const auto& [name, tensor] : state.server) h5::write_tensor(file, "/server/" + name, tensor);
  file.write<std::int64_t>("/clients", {std::int64_t(state.clients.size())}, state.clients);
  file.make_group("/client_rows");
  for (const auto& [name, tensor] : state.client_rows) {
    require(tensor.dim() > 0 && tensor.size(0) == std::int64_t(state.clients.size()), "the checkpoint's table ", name,
            " should have one row for each of ", state.clients.size(), " clients.");
    h5::write_tensor(file, "/client_rows/" + name, tensor);
  }
  // Written last: a file without it is not whole.
  file.set_attribute("complete", std::int64_t{1});
  file.close();
}

}  // namespace

void Checkpoint::write(const std::filesystem::path& path) const {
  try {
    write_to(part_path(path), *this);
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
  require(file.has_attribute("complete"), path.string(), " is a checkpoint that was not written to its end.");
  Checkpoint state;
  state.round = file.integer_attribute("round");
  state.options_toml = file.text_attribute("options");
  for (const std::string& name : file.names("/server")) state.server[name] = h5::read_tensor(file, "/server/" + name);
  state.clients = file.read<std::int64_t>("/clients");
  for (const std::string& name : file.names("/client_rows"))
    state.client_rows[name] = h5::read_tensor(file, "/client_rows/" + name);
  return state;
}

}  // namespace fedorbit
