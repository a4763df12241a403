// What tests/parity/*.py compare with other programs: features of given inputs, ids of given texts.
//
//   probe features CHECKPOINT VOCABULARY TYPE INPUTS OUTPUTS    TYPE float32 or bfloat16; safetensors with images and
//                                                               tokens in, with features, patches and text out
//   probe load CHECKPOINT VOCABULARY                            loads, touches every weight, prints its peak memory
//   probe tokens VOCABULARY STRINGS OUTPUTS                     JSON: a list of texts in, a list of lists of ids out
//   probe pixels SIZE FILES OUTPUTS                             JSON: a list of image files in; safetensors out, with
//                                                               the decoded images, image.I (height, width, 3), and
//                                                               what a tower of SIZE sees, pixels (N, 3, SIZE, SIZE)
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "data/transform.hpp"
#include "io/file.hpp"
#include "io/images.hpp"
#include "model/clip.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

/// A line of /proc/self/status that starts with `key`, in megabytes.
double memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) return std::stod(line.substr(key.size() + 1)) / 1000 * 1.024;
  return 0;
}

void features(char** arguments) {
  const std::string type = arguments[2];
  ClipLoading loading;
  loading.vocabulary = arguments[1];
  if (type == "bfloat16") loading.type = at::kBFloat16;
  const Clip clip = load_clip(arguments[0], loading);
  const NamedTensors in = read_safetensors(arguments[3]).tensors;
  const at::NoGradGuard no_gradient;
  const VisionFeatures seen = encode_images(clip.tensors, clip.config, in.at("images"), true);
  write_safetensors(arguments[4], {{"features", seen.features},
                                   {"patches", seen.patches},
                                   {"text", encode_tokens(clip.tensors, clip.config, in.at("tokens"))}});
}

void load(char** arguments) {
  const double before = memory("VmHWM:");
  ClipLoading loading;
  loading.vocabulary = arguments[1];
  const Clip clip = load_clip(arguments[0], loading);
  double sum = 0;
  for (const auto& [name, tensor] : clip.tensors) sum += tensor.sum().item<double>();
  std::printf("{\"before_MB\": %.1f, \"peak_MB\": %.1f, \"private_MB\": %.1f, \"sum\": %g}\n", before, memory("VmHWM:"),
              memory("RssAnon:"), sum);
}

void tokens(char** arguments) {
  const Tokenizer tokenizer = Tokenizer::load(arguments[0]);
  nlohmann::json out = nlohmann::json::array();
  for (const auto& text : nlohmann::json::parse(read_file(arguments[1])))
    out.push_back(tokenizer.encode(text.get<std::string>()));
  write_file(arguments[2], out.dump());
}

void pixels(char** arguments) {
  const Transform transform{std::atoll(arguments[0])};
  NamedTensors out;
  std::vector<Tensor> seen;
  for (const auto& file : nlohmann::json::parse(read_file(arguments[1]))) {
    Image image = read_image(file.get<std::string>());
    const Tensor decoded = at::from_blob(image.pixels.data(), {image.height, image.width, 3}, at::kByte).clone();
    out[text("image.", seen.size())] = decoded;
    seen.push_back(transform(decoded.permute({2, 0, 1})));
  }
  out["pixels"] = at::stack(seen);
  write_safetensors(arguments[2], out);
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  try {
    const std::string what = count > 1 ? arguments[1] : "";
    if (what == "features" && count == 7) return features(arguments + 2), 0;
    if (what == "load" && count == 4) return load(arguments + 2), 0;
    if (what == "tokens" && count == 5) return tokens(arguments + 2), 0;
    if (what == "pixels" && count == 5) return pixels(arguments + 2), 0;
    fail("probe features, load, tokens or pixels, each with its files.");
  } catch (const std::exception& cause) {
    std::fprintf(stderr, "%s\n", cause.what());
    return 1;
  }
}
