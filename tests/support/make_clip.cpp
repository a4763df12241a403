// Writes a CLIP with seeded random weights: `make_clip FILE [TEXT_WIDTH [SEED]]`. What federates on it learns little,
// but computes everything.
#include <cstdio>
#include <cstdlib>

#include "core/error.hpp"
#include "data/synthetic.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/clip.hpp"
#include "model/tokenizer/bpe_training.hpp"

int main(int count, char** arguments) {
  using namespace fedorbit;
  try {
    require(count >= 2, "make_clip takes the file to write.");
    const std::int64_t text_width = count > 2 ? std::atoll(arguments[2]) : 32;
    const std::uint64_t seed = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 1;
    const Tokenizer tokenizer(train_merges(scene_class_names(), 100), "the merges of the scenes' names");
    ClipConfig config;
    config.embed_dim = 32;
    static_cast<TowerConfig&>(config.vision) = {32, 1, 2, 64};
    config.vision.image_size = 32;
    config.vision.patch_size = 8;
    static_cast<TowerConfig&>(config.text) = {text_width, 1, text_width / 16, 2 * text_width};
    config.text.context_length = 40;
    config.text.vocabulary_size = tokenizer.vocabulary_size();
    save_clip(arguments[1],
              Clip{config, initialise_clip(config, Keys(seed).stream(Purpose::initialise)), tokenizer, ""});
    return 0;
  } catch (const std::exception& cause) {
    std::fprintf(stderr, "%s\n", cause.what());
    return 1;
  }
}
