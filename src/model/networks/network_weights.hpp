// Published weights of whole networks: state dicts as torchvision and timm save them, read with the names they have.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/mapping.hpp"
#include "io/safetensors.hpp"
#include "model/networks/backbone.hpp"

namespace fedorbit {

struct NetworkWeights {
  NamedTensors tensors;  // float32 on the CPU, by the names of Backbone::tensors and its head; views on the mapped file
  bool head = false;     // whether the head is among them
  std::string checksum;  // SHA-256 of the file, hexadecimal
  std::string note;      // a sentence on what was not taken as it is, or empty
};

/// What options say of a backbone: "architecture" -> "resnet18".
struct BackboneWords {
  std::string section;  // of these options
  std::map<std::string, std::string> options;
  std::vector<std::string> classes{};  // that a head is to tell apart, where their names are known
};

/// `file` is whatever read_weights (io/weights.hpp) reads, with torchvision's names or timm's. The head is taken where
/// it tells as many classes apart, in a model of our own those of `words`, and left where no class is to be told (0),
/// as are projectors, predictors and decoders of our own models that learned without labels; position embeddings for
/// images of another size are resampled as timm does. A tensor that is missing, one too many, a wrong shape or a number
/// that is not finite is an Error that names the tensor as the file does; so is a model of our own of which the file
/// says another of `words`.
NetworkWeights read_network(const std::filesystem::path& file, const Backbone& network, std::int64_t classes,
                            const BackboneWords& words = {});

}  // namespace fedorbit
