// The smallest pre-training that is one: two towers of one layer on a few synthetic scenes.
#pragma once
#include "pretraining/options.hpp"

namespace fedorbit {

inline PretrainOptions tiny_pretraining() {
  PretrainOptions options;
  options.synthetic.classes = "forest,beach,parking lot";
  options.synthetic.per_class = 8;
  options.synthetic.size = 24;
  options.data.held_out = 0;
  options.clip = {.embed_dim = 16,
                  .image_size = 16,
                  .patch_size = 8,
                  .vision_width = 32,
                  .vision_layers = 1,
                  .vision_heads = 2,
                  .text_width = 32,
                  .text_layers = 1,
                  .text_heads = 2,
                  .context_length = 24};
  options.captions = {.templates = "a photo of a {}.;{}", .merges = 40};
  options.training.epochs = 2;
  options.training.batch_size = 11;
  options.training.precision = "float32";
  return options;
}

}  // namespace fedorbit
