#include "fuzz/targets.hpp"

#include <ATen/core/Tensor.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "core/error.hpp"
#include "data/folder.hpp"
#include "data/split_file.hpp"
#include "federation/experiment.hpp"
#include "fuzz/h5_files.hpp"
#include "io/npy.hpp"
#include "io/pickle.hpp"
#include "io/weights.hpp"
#include "io/zip.hpp"
#include "model/checkpoints/stated_config.hpp"
#include "model/clip.hpp"
#include "pretraining/options.hpp"

namespace fedorbit {
namespace {

std::string_view characters(std::span<const std::byte> input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

/// Every number that a tensor claims to have is there.
void read_all(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    if (tensor.numel() < 1 << 20) tensor.to(at::kDouble).sum();
}

void weights(std::span<const std::byte> input) { read_all(read_weights(input, "memory").tensors); }

void own_clip(std::span<const std::byte> input) { read_all(load_clip(input, "memory").tensors); }

void zip(std::span<const std::byte> input) {
  for (const auto& [name, entry] : read_zip_directory(input, "memory"))
    if (entry.stored && (entry.offset > input.size() || entry.size > input.size() - entry.offset)) std::abort();
}

void pickle(std::span<const std::byte> input) { read_pickle(input, "memory"); }

/// The first letter says what the rest is.
void vocabulary(std::span<const std::byte> input) {
  if (input.empty()) return;
  const char kind = characters(input)[0];
  const char* name = kind == 'z' ? "v.gz" : kind == 'j' ? "tokenizer.json" : "merges.txt";
  const Tokenizer tokenizer = Tokenizer::parse(characters(input).substr(1), name);
  tokenizer.encode("the runway's 2 ends &amp; a river");
}

void text_of_users(std::span<const std::byte> input) {
  static const Tokenizer tokenizer("t h\nth e</w>\n", "memory");
  for (const std::int64_t id : tokenizer.encode(characters(input)))
    if (id < 0 || id >= tokenizer.vocabulary_size()) std::abort();
}

void configuration(std::span<const std::byte> input) {
  if (input.empty()) return;
  const char kind = characters(input)[0];
  const std::string content(characters(input).substr(1));
  if (kind == 'f') {
    ClipConfig::from_json(content, "memory");
    return;
  }
  ClipConfig config;
  config.embed_dim = 12;
  static_cast<TowerConfig&>(config.vision) = {24, 2, 2, 96};
  config.vision.image_size = 16;
  config.vision.patch_size = 4;
  static_cast<TowerConfig&>(config.text) = {16, 2, 4, 64};
  config.text.context_length = 77;
  config.text.vocabulary_size = 525;
  apply_stated_config(content, "memory", kind == 'o' ? Dialect::open_clip : Dialect::hugging_face, config);
  config.check();
}

void npy(std::span<const std::byte> input) { read_npy(input, "memory").to(at::kDouble).sum(); }

/// What is written to a file of this process's own is there as long as this lives. A new file each time: the library
/// knows files by their place on the disk.
struct Scratch {
  std::filesystem::path path = scratch_file();
  ~Scratch() { std::filesystem::remove(path); }
};

/// What was accepted must be written such that it is read back to the same.
void split_file(std::span<const std::byte> input) {
  const std::vector<std::int64_t> labels{0, 1, 0, 1, 0, 1, 0, 1}, domains{0, 0, 0, 0, 1, 1, 1, 1};
  const Labelled data{labels, domains, 2, 2, {}, "0123abcd"};
  const auto read = parse_split(characters(input), "memory", data);
  const std::string written = split_text(*read, data);
  if (split_text(*parse_split(written, "written", data), data) != written) std::abort();
}

void read_h5(const std::filesystem::path& path) { require(read_h5_in_every_way(path), "no reader took it."); }

void hdf5(std::span<const std::byte> input) {
  const Scratch scratch;
  std::ofstream(scratch.path, std::ios::binary) << characters(input);
  read_h5(scratch.path);
}

void changed_hdf5(std::span<const std::byte> input) {
  const Scratch scratch;
  write_changed_h5(scratch.path, input);
  read_h5(scratch.path);
}

/// The first letter says by which codec the rest was written.
void message(std::span<const std::byte> input) {
  if (input.empty()) return;
  static const std::map<char, std::vector<std::string>> choices{{'f', {"codec=float32"}},
                                                                {'h', {"codec=float16"}},
                                                                {'b', {"codec=bfloat16"}},
                                                                {'u', {"codec=uniform", "uniform.bits=3"}},
                                                                {'s', {"codec=uniform", "uniform.bits=1"}},
                                                                {'q', {"codec=qsgd", "qsgd.block=8"}},
                                                                {'l', {"codec=top_k", "top_k.fraction=0.1"}},
                                                                {'m', {"codec=top_k", "top_k.fraction=0.6"}},
                                                                {'r', {"codec=random_k", "random_k.fraction=0.2"}},
                                                                {'p', {"codec=power_sgd", "power_sgd.rank=1"}},
                                                                {'z', {"codec=uniform", "zstd=1"}}};
  const auto chosen = choices.find(characters(input)[0]);
  require(chosen != choices.end(), "no codec has that letter.");
  CodecOptions options;
  for (const std::string& option : chosen->second) OptionList::of(options).set(option);
  Layout layout;
  layout.add({"matrix", {4, 6}, Owner::shared});
  layout.add({"bias", {5}, Owner::shared});
  const Message about{layout, weights_message, 1, 2, Direction::upload, Keys(3)};
  const Tensor read = make_codec(options)->decode({input.begin() + 1, input.end()}, about);
  if (read.numel() != layout.weights(Owner::shared)) std::abort();
}

/// What was accepted must be printed such that it is read back to the same.
template <class Options>
void options_of(const std::string& toml) {
  Options read, again;
  OptionList::of(read).read_text(toml, "memory");
  const std::string printed = OptionList::of(read).toml();
  try {
    OptionList::of(again).read_text(printed, "printed");
  } catch (const Error&) {
    std::abort();
  }
  if (OptionList::of(again).toml() != printed) std::abort();
}

/// The first letter says what the rest is.
void options(std::span<const std::byte> input) {
  if (input.empty()) return;
  const char kind = characters(input)[0];
  const std::string content(characters(input).substr(1));
  Experiment experiment;
  if (kind == 'n')
    parse_class_names(content, "memory");
  else if (kind == 's')
    OptionList::of(experiment).set(content);
  else if (kind == 'p')
    options_of<PretrainOptions>(content);
  else
    options_of<Experiment>(content);
}

}  // namespace

const std::vector<FuzzTarget>& fuzz_targets() {
  static const std::vector<FuzzTarget> targets{{"safetensors", weights},
                                               {"torch", weights},
                                               {"clip", own_clip},
                                               {"zip", zip},
                                               {"pickle", pickle},
                                               {"vocabulary", vocabulary},
                                               {"text", text_of_users},
                                               {"configuration", configuration},
                                               {"npy", npy},
                                               {"hdf5", hdf5},
                                               {"changed_hdf5", changed_hdf5},
                                               {"message", message},
                                               {"options", options},
                                               {"split", split_file}};
  return targets;
}

const FuzzTarget& fuzz_target(std::string_view name) {
  for (const FuzzTarget& target : fuzz_targets())
    if (target.name == name) return target;
  std::fprintf(stderr, "there is no fuzz target of the name '%s'.\n", std::string(name).c_str());
  std::exit(2);
}

bool accepts(const FuzzTarget& target, std::span<const std::byte> input) {
  try {
    target.parse(input);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace fedorbit
