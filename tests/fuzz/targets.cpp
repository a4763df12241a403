#include "fuzz/targets.hpp"

#include <ATen/core/Tensor.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/error.hpp"
#include "io/pickle.hpp"
#include "io/weights.hpp"
#include "io/zip.hpp"
#include "model/clip.hpp"
#include "model/stated_config.hpp"

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

}  // namespace

const std::vector<FuzzTarget>& fuzz_targets() {
  static const std::vector<FuzzTarget> targets{
      {"safetensors", weights}, {"torch", weights},         {"clip", own_clip},      {"zip", zip},
      {"pickle", pickle},       {"vocabulary", vocabulary}, {"text", text_of_users}, {"configuration", configuration}};
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
