#include "io/weights.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/foreign_content.hpp"
#include "io/json.hpp"
#include "io/torch_file.hpp"

namespace fedorbit {
namespace {

constexpr std::string_view index_ending = ".index.json";
constexpr std::uint64_t longest_index = 100'000'000;

std::string_view beginning(const FileBytes& bytes, std::uint64_t count) {
  return {reinterpret_cast<const char*>(bytes.data), std::size_t(std::min(bytes.size, count))};
}

/// What kind of file it is, its first bytes say; its name may say anything.
void read_one(const FileBytes& bytes, const std::string& where, Weights& out) {
  const std::string_view first = beginning(bytes, 64);
  if (const auto other = foreign_content(first); !other.empty()) fail(where, " ", other);
  require(!first.starts_with("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9"), where,
          " is in PyTorch's format from before version 1.6 (a bare pickle); load it there and save it again.");
  if (first.starts_with("PK\x03\x04")) {
    TorchFile read = read_torch_file(bytes, where);
    out.tensors.merge(read.tensors);
    out.format = read.torch_script ? WeightsFormat::torch_script : WeightsFormat::torch;
    return;
  }
  Safetensors read = read_safetensors(bytes, where);
  out.tensors.merge(read.tensors);
  out.metadata.merge(read.metadata);
}

/// Takes off what modules around the model put before every name: parallel and compiled modules, training programs.
void unwrap(NamedTensors& tensors) {
  constexpr std::array<std::string_view, 5> wrappers{"module.", "_orig_mod.", "model.", "clip_model.", "clip."};
  const auto around_all = [&](std::string_view wrapper) {
    return std::ranges::all_of(tensors, [&](const auto& entry) { return entry.first.starts_with(wrapper); });
  };
  for (auto found = wrappers.begin();
       !tensors.empty() && (found = std::ranges::find_if(wrappers, around_all)) != wrappers.end();) {
    NamedTensors out;
    for (const auto& [name, tensor] : tensors) out.emplace(name.substr(found->size()), tensor);
    tensors.swap(out);
  }
}

/// A name of the kind OWNER/MODEL that leads nowhere is one at Hugging Face, most likely.
void require_present(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return;
  std::string name = path.string();
  if (name.starts_with("hf-hub:")) name.erase(0, 7);
  const auto slash = name.find('/');
  const bool file = path.has_extension() && path.extension().string().find_first_of("0123456789") == std::string::npos;
  const bool hub = slash != name.npos && slash > 0 && slash + 1 < name.size() &&
                   name.find('/', slash + 1) == name.npos && name[0] != '.' && name[0] != '~' &&
                   !std::filesystem::exists(name.substr(0, slash)) && !file;
  require(!hub, "there is no file or folder ", path.string(),
          "; if that is a model's name at Hugging Face, fetch it (hf download ", name, " --local-dir ",
          name.substr(slash + 1), ") and name the folder.");
}

/// Each file's name, and the tensors that the index expects in it.
std::map<std::string, std::set<std::string>> read_index(const std::filesystem::path& file) {
  std::map<std::string, std::set<std::string>> out;
  try {
    const FileBytes bytes = map_file(file);
    require(bytes.size <= longest_index, file.string(), " has ", bytes.size, " bytes, too many for an index.");
    const auto json = parse_json(beginning(bytes, bytes.size), file.string());
    for (const auto& [name, shard] : json.at("weight_map").items()) {
      const auto place = shard.get<std::string>();
      require(std::filesystem::path(place).filename() == place && !place.empty() && place != "." && place != "..",
              file.string(), " expects tensor '", name, "' in '", place, "', which is no file of its folder.");
      out[place].insert(name);
    }
  } catch (const nlohmann::json::exception& cause) {
    fail(file.string(), " is no index of weights: ", cause.what(), ".");
  }
  require(!out.empty(), file.string(), " names no tensor in its weight_map.");
  return out;
}

Weights read_sharded(const std::filesystem::path& index) {
  Weights out;
  out.files = {index};
  for (const auto& [name, expected] : read_index(index)) {
    const auto file = index.parent_path() / name;
    Weights shard;
    out.bytes.push_back(map_file(file));
    out.files.push_back(file);
    read_one(out.bytes.back(), file.string(), shard);
    for (const std::string& tensor : expected)
      require(shard.tensors.contains(tensor), file.string(), " lacks the tensor '", tensor, "' that ", index.string(),
              " expects in it.");
    out.format = shard.format;
    out.metadata.merge(shard.metadata);
    out.tensors.merge(shard.tensors);
    require(shard.tensors.empty(), file.string(), " has the tensor '",
            shard.tensors.empty() ? "" : shard.tensors.begin()->first, "', which another file has, too.");
  }
  return out;
}

}  // namespace

void Weights::release(const Tensor& view) const {
  for (const FileBytes& file : bytes) release_pages(file, view.const_data_ptr(), view.nbytes());
}

std::string Weights::checksum() const {
  if (files.size() == 1) return sha256_of_file(files[0]);
  std::string all;
  for (const auto& file : files) all += sha256_of_file(file);
  return sha256(all);
}

std::filesystem::path find_weights(const std::filesystem::path& path) {
  require_present(path);
  if (!std::filesystem::is_directory(path)) return path;
  std::string tried;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors",
                           "open_clip_pytorch_model.bin", "pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    if (std::filesystem::exists(path / name)) return path / name;
    tried += text(tried.empty() ? "" : ", ", name);
  }
  fail("the folder ", path.string(), " has no weights under a usual name (", tried, "); name the file.");
}

Weights read_weights(const std::filesystem::path& path) {
  const auto file = find_weights(path);
  Weights out;
  if (file.string().ends_with(index_ending)) {
    out = read_sharded(file);
  } else {
    out.files = {file};
    out.bytes = {map_file(file)};
    read_one(out.bytes[0], file.string(), out);
  }
  unwrap(out.tensors);
  return out;
}

Weights read_weights(std::span<const std::byte> bytes, const std::string& name) {
  Weights out;
  out.bytes = {copy_bytes(bytes)};
  read_one(out.bytes[0], name, out);
  unwrap(out.tensors);
  return out;
}

}  // namespace fedorbit
