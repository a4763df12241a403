#include "results/checkpoint.hpp"

#include <algorithm>
#include <memory>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"
#include "io/sha256.hpp"

namespace fedorbit {
namespace {

const std::string filetype = "fedorbit-checkpoint";
constexpr std::int64_t version = 2;
constexpr const char *clients_path = "/clients", *rows_name = "rows", *rows_path = "/client_rows/rows";

/// SHA-256 of a tensor's name, type, shape and values, of which the last are known by their SHA-256.
std::string checksum_of(const std::string& name, at::ScalarType type, at::IntArrayRef shape,
                        const std::string& values) {
  return sha256(text(name, " ", type, " ", shape, " ", values));
}

std::string checksum_of(const std::string& name, const Tensor& tensor) {
  const Tensor values = tensor.detach().cpu().contiguous();
  const std::string_view bytes(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  return checksum_of(name, values.scalar_type(), values.sizes(), sha256(bytes));
}

/// SHA-256 of all that is no tensor.
std::string checksum_of_rest(const Checkpoint& state) {
  std::string all = text(state.round, "\n", state.options_toml, "\n", state.build, "\n", state.recorded.bytes, "\n",
                         state.recorded.checksum, "\n");
  for (const std::int64_t client : state.clients.clients) all += text(client, "\n");
  for (const auto& [name, tensor] : state.server) all += "server " + name + "\n";
  return sha256(text(all, "client row ", rows_name, "\n"));
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

/// One dataset (clients, length), of which a row is written as it comes.
void write_rows(h5::File& file, const ClientRows& of_clients) {
  const auto all = std::int64_t(of_clients.clients.size());
  const h5::Shape shape{all, of_clients.length};
  h5::Dataset dataset = file.make<float>(rows_path, shape);
  Sha256 values;
  std::int64_t next = 0;
  const auto write = [&](const Tensor& row) {
    require(next < all && row.numel() == of_clients.length, "the checkpoint was given a row of ", row.numel(),
            " numbers after ", next, " of ", all, " rows of ", of_clients.length, ".");
    h5::write_tensor_rows(dataset, next++, row.unsqueeze(0));
    values.add(row.const_data_ptr(), row.nbytes());
  };
  if (all > 0) of_clients.visit(write);
  require(next == all, "the checkpoint was given ", next, " rows for ", all, " clients.");
  dataset.set_attribute("sha256", checksum_of(rows_name, at::kFloat, shape, values.digits()));
}

/// Calls with each row (length) of such a dataset.
void visit_rows(const h5::Dataset& dataset, const ClientRows::Take& take) {
  constexpr std::int64_t at_once = std::int64_t(1) << 26;  // bytes, or one row where that is longer
  const h5::Shape shape = dataset.shape();
  const std::int64_t bytes = std::max<std::int64_t>(1, shape.back() * std::int64_t(sizeof(float))),
                     several = std::max<std::int64_t>(1, at_once / bytes);
  for (std::int64_t first = 0; first < shape.front(); first += several)
    for (const Tensor& row : h5::read_tensor_rows(dataset, first, std::min(several, shape.front() - first)).unbind())
      take(row);
}

/// The rows of `file`, whose clients they fit and whose checksum was looked at.
ClientRows read_rows(const std::shared_ptr<const h5::File>& file) {
  ClientRows out{.clients = file->read<std::int64_t>(clients_path)};
  require(file->has(rows_path), file->file(), " holds no ", rows_path,
          ": the run cannot go on from it; pass --restart to begin anew.");
  const h5::Dataset dataset = file->dataset(rows_path);
  const h5::Shape shape = dataset.shape();
  require(shape.size() == 2 && shape.front() == std::int64_t(out.clients.size()), file->file(), " ", rows_path,
          " has the shape ", at::IntArrayRef(shape), ", and not a row for each of ", out.clients.size(),
          " clients: the run cannot go on from it; pass --restart to begin anew.");
  out.length = shape.back();
  Sha256 values;
  visit_rows(dataset, [&](const Tensor& row) {
    require(row.scalar_type() == at::kFloat, file->file(), " ", rows_path, " is not float32.");
    values.add(row.const_data_ptr(), row.nbytes());
  });
  require(dataset.text_attribute("sha256") == checksum_of(rows_name, at::kFloat, shape, values.digits()), file->file(),
          " is damaged: the values of ", rows_path, " do not fit their checksum.");
  out.visit = [file](const ClientRows::Take& take) { visit_rows(file->dataset(rows_path), take); };
  return out;
}

void write_to(const std::filesystem::path& path, const Checkpoint& state) {
  h5::File file = h5::File::create(path);
  file.set_attribute("filetype", filetype);
  file.set_attribute("version", version);
  file.set_attribute("round", state.round);
  file.set_attribute("options", state.options_toml);
  file.set_attribute("build", state.build);
  file.set_attribute("recorded_bytes", state.recorded.bytes);
  file.set_attribute("recorded_sha256", state.recorded.checksum);
  write_tensors(file, "/server", state.server);
  file.write<std::int64_t>(clients_path, {std::int64_t(state.clients.clients.size())}, state.clients.clients);
  file.make_group("/client_rows");
  write_rows(file, state.clients);
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
  const auto opened = std::make_shared<const h5::File>(h5::File::open(path));
  const h5::File& file = *opened;
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
  state.clients = read_rows(opened);
  require(file.text_attribute("sha256") == checksum_of_rest(state), path.string(),
          " is damaged: its options, numbers or names do not fit their checksum.");
  return state;
}

}  // namespace fedorbit
