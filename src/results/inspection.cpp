#include "results/inspection.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "core/words.hpp"
#include "io/h5.hpp"
#include "io/npy.hpp"
#include "io/weights.hpp"
#include "model/checkpoints/dialects.hpp"
#include "model/checkpoints/infer_config.hpp"
#include "model/clip.hpp"
#include "results/inspect_h5.hpp"

namespace fedorbit {
namespace {

constexpr std::size_t most_tensors = 12;

std::string shape_of(const Tensor& tensor) { return text(tensor.sizes(), " ", c10::toString(tensor.scalar_type())); }

void describe_config(std::ostream& out, const ClipConfig& config) {
  const auto tower = [&](const char* name, const TowerConfig& sizes) {
    out << name << ": width " << sizes.width << ", " << sizes.layers << " layers, " << sizes.heads << " heads, MLP "
        << sizes.mlp_width;
  };
  out << "CLIP: features of " << config.embed_dim << ", "
      << (config.activation == Activation::gelu ? "GELU" : "QuickGELU") << "\n";
  tower("vision", config.vision);
  out << ", " << config.vision.image_size << " pixels in patches of " << config.vision.patch_size << "\n";
  tower("text", config.text);
  out << ", " << config.text.context_length << " tokens of " << config.text.vocabulary_size << "\n";
}

std::string first_words(const std::string& words, std::size_t most) {
  return words.size() <= most ? words : words.substr(0, most) + "... (" + std::to_string(words.size()) + " bytes)";
}

void describe_towers(std::ostream& out, const Weights& read, const std::filesystem::path& path) {
  try {
    if (const auto config = read.metadata.find("config"); config != read.metadata.end())
      describe_config(out, ClipConfig::from_json(config->second, path.string()));
    else
      describe_config(out,
                      infer_config(read.tensors, recognise_dialect(read.tensors, path.string()), read.files[0]).config);
  } catch (const Error& unknown) {
    out << "not a CLIP that this program knows: " << unknown.what() << "\n";
  }
}

std::string inspect_weights(const std::filesystem::path& path) {
  const Weights read = read_weights(path);
  std::ostringstream out;
  std::int64_t numbers = 0, bytes = 0;
  for (const auto& [name, tensor] : read.tensors) numbers += tensor.numel(), bytes += std::int64_t(tensor.nbytes());
  const char* format = read.format == WeightsFormat::safetensors ? "safetensors"
                       : read.format == WeightsFormat::torch     ? "PyTorch state dict"
                                                                 : "TorchScript archive";
  out << format << ": " << counted(std::int64_t(read.tensors.size()), "tensor") << ", " << numbers << " numbers, "
      << human_bytes(bytes) << "\n";
  for (const auto& [key, value] : read.metadata)
    if (key != "config" && key != "merges") out << key << ": " << first_words(value, 200) << "\n";
  const auto format_said = read.metadata.find("format");
  if (format_said == read.metadata.end() || format_said->second == clip_format) describe_towers(out, read, path);
  std::size_t shown = 0;
  for (const auto& [name, tensor] : read.tensors) {
    if (shown++ == most_tensors) {
      out << "  ... and " << read.tensors.size() - most_tensors << " more\n";
      break;
    }
    out << "  " << name << "  " << shape_of(tensor) << "\n";
  }
  return out.str();
}

std::string beginning_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string bytes(16, '\0');
  stream.read(bytes.data(), std::streamsize(bytes.size()));
  bytes.resize(std::size_t(std::max<std::streamsize>(0, stream.gcount())));
  return bytes;
}

std::string described(const std::filesystem::path& path) {
  const std::string beginning = beginning_of(path);
  if (beginning.starts_with("\x89HDF\r\n\x1a\n")) return inspect_h5(path);
  if (beginning.starts_with("\x93NUMPY")) return "array file of NumPy: " + shape_of(read_npy(path)) + "\n";
  if (path.extension() == ".safetensors" || path.filename().string().ends_with(".index.json") ||
      beginning.starts_with("PK") || (beginning.size() > 8 && beginning[8] == '{'))
    return inspect_weights(path);
  fail(path.string(), " is no file that this program knows: weights, a data set, features, results or an array file.");
}

}  // namespace

std::string inspection_of(const std::filesystem::path& given) {
  namespace fs = std::filesystem;
  fs::path path = given;
  require(fs::exists(path), path.string(), " does not exist.");
  if (fs::is_directory(path)) {
    for (const char* name : {"results.h5", "results.h5.part"})
      if (fs::exists(given / name)) {
        path = given / name;
        break;
      }
    if (path == given) {
      try {
        path = find_weights(given);
      } catch (const Error&) {
        fail(given.string(), " is a folder without results and without weights; name a file in it.");
      }
    }
  }
  return text(path.string(), ": ", human_bytes(std::int64_t(fs::file_size(path))), "\n", described(path));
}

}  // namespace fedorbit
