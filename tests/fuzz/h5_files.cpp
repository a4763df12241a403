#include "fuzz/h5_files.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <unistd.h>

#include <cstdlib>

#include "core/error.hpp"
#include "data/dataset.hpp"
#include "data/dataset_file.hpp"
#include "data/feature_writer.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"
#include "results/checkpoint.hpp"
#include "results/inspect_h5.hpp"
#include "results/schema.hpp"
#include "results/trained_model.hpp"

namespace fedorbit {
namespace {

using Integers = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

void put(h5::File& file, const std::string& name, const Integers& values) {
  file.write<std::int64_t>(name, {std::int64_t(values.size())}, values);
}

// The writers of data sets and results keep room for rows to come: 64 KiB and more. These hold the same in one piece.
void write_data(const std::filesystem::path& path) {
  h5::File file = h5::File::create(path);
  file.set_attribute("filetype", data_file::filetype);
  file.set_attribute("version", data_file::version);
  file.set_attribute("checksum", "none");
  file.set_attribute("bands", "1,2,3");
  file.write_texts(data_file::class_name, Texts{"forest", "river"});
  file.write_texts(data_file::domain_name, Texts{"air"});
  file.write_texts(data_file::synonym, Texts{"wood"});
  put(file, data_file::synonym_class, {0});
  file.write<std::uint8_t>(data_file::pixels, {18}, std::vector<std::uint8_t>(18, 7));
  put(file, data_file::offset, {0, 6, 12});
  put(file, data_file::height, {1, 2, 1});
  put(file, data_file::width, {2, 1, 2});
  put(file, data_file::label, {0, 1, 1});
  put(file, data_file::domain, {0, 0, 0});
  file.write_texts(data_file::skipped_file, Texts{"bad.png"});
}

void write_features(const std::filesystem::path& path) {
  FeatureSet about;
  about.origin = {"data", "weights", "plain", "crop", "float32"};
  about.labels = at::tensor({0, 1}, at::kLong);
  about.class_names = {"forest", "river"};
  about.domains = at::tensor({1, 0}, at::kLong);
  about.domain_names = {"summer", "winter"};
  about.prompts = {{"photo", {"a photo of a {}."}, at::ones({1, 2, 3})}};
  FeatureWriter writer(path, {2, 3, 2, 1, false}, about);
  writer.append(at::ones({4, 3}), at::ones({4, 2, 3}));
  writer.finish();
}

void write_texts(const std::filesystem::path& path) {
  FeatureSet about;
  about.origin = {"data", "weights", "plain", "", "float32"};
  about.texts = {"a river", "a forest"};
  FeatureWriter writer(path, {2, 3, 0, 0, true}, about);
  writer.append(at::ones({2, 3}), {});
  writer.finish();
}

void write_checkpoint(const std::filesystem::path& path) {
  Checkpoint state;
  state.round = 2;
  state.options_toml = "seed = 1\n";
  state.server = {{"global", at::arange(4, at::kFloat)}, {"bounds", at::arange(4, at::kLong)}};
  state.clients = {{0, 3}, 4, [](const ClientRows::Take& take) {
                     for (int client = 0; client < 2; ++client) take(at::ones({4}));
                   }};
  state.write(path);
}

void write_results(const std::filesystem::path& path) {
  Experiment experiment;
  h5::File file = h5::File::create(path);
  file.set_attribute(schema::attribute::filetype, schema::filetype);
  file.set_attribute(schema::attribute::version, schema::version);
  file.set_attribute(schema::attribute::options, OptionList::of(experiment).toml());
  for (const char* name :
       {"start", "end", "command_line", "hosts", "ranks", "backend", "data_sha256", "weights_sha256"})
    file.set_attribute(name, "1");
  put(file, "/rounds/round", {0, 1});
  put(file, "/clients/client", {0, 1, 2});
  file.write_texts("/classes/name", Texts{"forest", "river"});
  file.write_texts("/scores/scope", Texts{"frozen", "global"});
  file.write_texts("/scores/split", Texts{"test", "test"});
  file.write_texts("/scores/task", Texts{"zero-shot", "labelling"});
  file.write_texts("/scores/metric", Texts{"accuracy", "accuracy"});
  for (const char* part : {"client", "domain", "class"}) put(file, text("/scores/", part), {-1, -1});
  put(file, "/scores/rounds_done", {0, 2});
  put(file, "/scores/correct", {3, 4});
  put(file, "/scores/count", {5, 5});
  h5::write_tensor(file, schema::state + "/context.shared", at::ones({2, 3}));
  file.make<float>(schema::state + "/axis0_2", {2}).make_scale("axis");
}

std::string bytes_of(void (*write)(const std::filesystem::path&)) {
  const std::filesystem::path path = scratch_file();
  write(path);
  const std::string bytes = read_file(path);
  std::filesystem::remove(path);
  return bytes;
}

/// Every number that a tensor claims to have is there.
void read_all(const Tensor& tensor) {
  if (tensor.defined()) tensor.to(at::kDouble).sum();
}

void read_data(const std::filesystem::path& path) {
  const Dataset data = Dataset::open(path);
  for (std::int64_t i = 0; i < data.size(); ++i) read_all(data.image(i));
}

void read_features(const std::filesystem::path& path) {
  const FeatureSet set = open_features(path);
  for (const Tensor& table : {set.of.features, set.of.patches, set.of.view_features, set.of.view_patches, set.labels})
    read_all(table);
  for (const PromptFeatures& prompts : set.prompts) read_all(prompts.features);
}

void read_checkpoint(const std::filesystem::path& path) {
  const Checkpoint state = Checkpoint::read(path);
  for (const auto& [name, tensor] : state.server) read_all(tensor);
  state.clients.visit([](const Tensor& row) { read_all(row); });
}

void read_prompts(const std::filesystem::path& path) {
  for (const auto& [name, tensor] : read_trained_model(path).shared) read_all(tensor);
}

void describe(const std::filesystem::path& path) { inspect_h5(path); }

}  // namespace

std::filesystem::path scratch_file() {
  const std::filesystem::path memory = "/dev/shm";
  static const std::string name = text("fedorbit-fuzz-", ::getpid(), ".h5");
  return (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) / name;
}

const std::map<std::string, std::string>& small_h5_files() {
  static const std::map<std::string, std::string> files{{"checkpoint", bytes_of(write_checkpoint)},
                                                        {"data", bytes_of(write_data)},
                                                        {"features", bytes_of(write_features)},
                                                        {"results", bytes_of(write_results)},
                                                        {"texts", bytes_of(write_texts)}};
  return files;
}

bool read_h5_in_every_way(const std::filesystem::path& path) {
  int taken = 0;
  for (const auto reader : {read_data, read_features, read_checkpoint, read_prompts, describe}) try {
      reader(path);
      ++taken;
    } catch (const Error&) {
    }
  return taken > 0;
}

}  // namespace fedorbit
