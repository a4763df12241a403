// What a configuration of `fedorbit pretrain` can say.
#pragma once
#include <cstdint>
#include <string>

#include "core/options.hpp"
#include "data/synthetic.hpp"
#include "model/clip_config.hpp"

namespace fedorbit {

struct PretrainDataOptions {
  std::string path, validate;
  std::int64_t kept_pixels = 96;
  double held_out = 0.1;
  void fields(OptionList& v) {
    v("path", path, "a data set made by `fedorbit prepare`; empty: synthetic scenes as [synthetic] describes them");
    v("validate", validate, "another data set on which accuracy is reported; empty: none");
    v("kept_pixels", kept_pixels, "pixels", "shorter side at which images are kept in memory; larger ones are shrunk",
      8, 4096);
    v("held_out", held_out, "", "share of the images that is not trained on but used to report accuracy", 0, 0.9);
  }
};

struct ClipSizes {
  std::int64_t embed_dim = 256, image_size = 64, patch_size = 8, vision_width = 192, vision_layers = 6,
               vision_heads = 3;
  std::int64_t text_width = 512, text_layers = 2, text_heads = 8, context_length = 32;
  std::string activation = "quick_gelu";
  void fields(OptionList& v) {
    v("embed_dim", embed_dim, "", "of the space that images and texts share", 1, 65536);
    v("image_size", image_size, "pixels", "side of the images that the vision tower sees", 8, 1024);
    v("patch_size", patch_size, "pixels", "side of a patch", 1, 1024);
    v("vision_width", vision_width, "", "of the vision tower; its MLP is four times as wide", 1, 65536);
    v("vision_layers", vision_layers, "", "of the vision tower", 1, 1000);
    v("vision_heads", vision_heads, "", "of the vision tower", 1, 1024);
    v("text_width", text_width, "", "of the text tower; its MLP is four times as wide", 1, 65536);
    v("text_layers", text_layers, "", "of the text tower", 1, 1000);
    v("text_heads", text_heads, "", "of the text tower", 1, 1024);
    v("context_length", context_length, "tokens", "the longest text, with start and end", 3, 4096);
    v("activation", activation, "between the layers of an MLP", {"quick_gelu", "gelu"});
  }
  /// The sizes for a vocabulary of so many tokens.
  ClipConfig config(std::int64_t vocabulary_size) const;
};

struct CaptionOptions {
  std::string templates =
      "a {view} satellite photo of a {}.;a {view} satellite photo of {}.;a {view} aerial photo of a {}.;"
      "a {view} remote sensing image of a {}.;a {view} overhead view of {}.;a {view} photo of a {}.;{view} {}";
  double described = 0;
  std::int64_t merges = 300;
  void fields(OptionList& v) {
    v("templates", templates,
      "what captions say, separated by semicolons; {} stands for a class's name or a synonym, {view} for words on how "
      "the image is seen");
    v("described", described, "",
      "share of captions that say something true of how the image is seen (close, wide, dark, bright ...)", 0, 1);
    v("merges", merges, "merges", "of the byte-pair vocabulary made from the captions, at most", 1, 1000000);
  }
};

struct PretrainTrainingOptions {
  std::int64_t epochs = 12, batch_size = 128, evaluate_every = 1;
  double learning_rate = 1e-3, warmup = 1, weight_decay = 0.1, label_smoothing = 0.1, largest_gradient = 1;
  std::string precision = "bfloat16", file_precision = "float32";
  void fields(OptionList& v) {
    v("epochs", epochs, "epochs", "passes over the images", 1, 1e6);
    v("batch_size", batch_size, "images", "of a step, over all ranks; an epoch's remainder waits for the next", 1, 1e6);
    v("evaluate_every", evaluate_every, "epochs", "between reports of accuracy; the last epoch has one", 1, 1e6);
    v("learning_rate", learning_rate, "", "the highest, after warm-up; then it falls to zero along half a cosine", 0,
      1e3);
    v("warmup", warmup, "epochs", "in which the learning rate rises from zero", 0, 1e6);
    v("weight_decay", weight_decay, "", "of AdamW; none on biases, norms, class token and positions", 0, 1e3);
    v("label_smoothing", label_smoothing, "", "share of an image's target that is spread over all texts", 0, 0.99);
    v("largest_gradient", largest_gradient, "", "norm to which a longer gradient is shortened", 1e-9, 1e9);
    v("precision", precision, "of the towers' arithmetic; weights and optimiser are float32", {"float32", "bfloat16"});
    v("file_precision", file_precision, "of the numbers in the file", {"float32", "float16", "bfloat16"});
  }
};

struct AugmentationOptions {
  double smallest_crop = 0.4, brightness = 0.3, contrast = 0.3, colour = 0.3;
  bool turns = true;
  void fields(OptionList& v) {
    v("smallest_crop", smallest_crop, "", "area of the smallest random crop as a share of the image's; 1: none", 0.01,
      1);
    v("turns", turns, "whether images are turned by quarter turns and mirrored");
    v("brightness", brightness, "", "largest relative change of brightness", 0, 1);
    v("contrast", contrast, "", "largest relative change of contrast", 0, 1);
    v("colour", colour, "", "largest relative change of saturation", 0, 1);
  }
};

struct PretrainMachineOptions {
  std::string backend = "auto";
  std::int64_t threads = 1;
  void fields(OptionList& v) {
    v("backend", backend, "how ranks move tensors; auto: mpi where there is more than one rank",
      {"auto", "single", "mpi"});
    v("threads", threads, "threads", "of each rank's arithmetic; ranks scale better than threads", 1, 1024);
  }
};

struct PretrainOptions {
  std::int64_t seed = 1;
  PretrainDataOptions data;
  SyntheticOptions synthetic;
  ClipSizes clip;
  CaptionOptions captions;
  PretrainTrainingOptions training;
  AugmentationOptions augmentation;
  PretrainMachineOptions machine;

  void fields(OptionList& v) {
    v("seed", seed, "", "of all random numbers", 0, 9e15);
    v.section("data", data);
    v.section("synthetic", synthetic);
    v.section("clip", clip);
    v.section("captions", captions);
    v.section("training", training);
    v.section("augmentation", augmentation);
    v.section("machine", machine);
  }
};

}  // namespace fedorbit
