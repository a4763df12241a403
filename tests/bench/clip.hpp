// ViT-B/32 with random weights, and the classes of UC Merced: what the timings here are about.
#pragma once
#include <string>
#include <vector>

#include "model/checkpoints/clip_tensors.hpp"
#include "model/clip.hpp"

namespace fedorbit::bench {

inline const std::vector<std::string> class_names{
    "agricultural",       "airplane",         "baseball diamond", "beach",       "buildings", "chaparral",
    "dense residential",  "forest",           "freeway",          "golf course", "harbor",    "intersection",
    "medium residential", "mobile home park", "overpass",         "parking lot", "river",     "runway",
    "sparse residential", "storage tanks",    "tennis court"};

/// `vocabulary` names bpe_simple_vocab_16e6.txt.gz. Where nobody looks at images, the vision tower is a small one.
inline Clip random_clip(const std::string& vocabulary, bool with_images = false) {
  Tokenizer tokenizer = Tokenizer::load(vocabulary);
  ClipConfig config;
  config.embed_dim = 512;
  static_cast<TowerConfig&>(config.vision) = with_images ? TowerConfig{768, 12, 12, 3072} : TowerConfig{64, 1, 1, 64};
  config.vision.image_size = with_images ? 224 : 32;
  config.vision.patch_size = 32;
  static_cast<TowerConfig&>(config.text) = {512, 12, 8, 2048};
  config.text.context_length = 77;
  config.text.vocabulary_size = tokenizer.vocabulary_size();
  return {config, initialise_clip(config, Keys(1).stream(Purpose::test)), tokenizer, ""};
}

/// The tokens of each class after the learned context: name, full stop, end of text.
inline std::vector<std::vector<std::int64_t>> tails(const Clip& clip) {
  std::vector<std::vector<std::int64_t>> all;
  for (const auto& name : class_names) {
    all.push_back(clip.tokenizer.encode(name + "."));
    all.back().push_back(clip.tokenizer.end());
  }
  return all;
}

}  // namespace fedorbit::bench
