// Masked autoencoders (He et al. 2022, arXiv 2111.06377): the encoder sees the patches that are not hidden, and a small
// transformer says the pixels of those that are.
#pragma once
#include "algorithms/learners/masked_images.hpp"

namespace fedorbit {

struct MaeOptions : AlignedOptions {
  double hidden = 0.75;
  bool normalised = true;
  std::int64_t decoder_width = 512, decoder_depth = 8;
  void fields(OptionList& v) {
    AlignedOptions::fields(v);
    v("hidden", hidden, "", "share of an image's patches that are hidden, to the nearest whole number", 0, 1);
    v("normalised", normalised, "whether each hidden patch is to be said less its mean, over its deviation");
    v("decoder_width", decoder_width, "channels",
      "of the transformer that says them, a multiple of 64, or less than 128", 4, 8192);
    v("decoder_depth", decoder_depth, "layers", "of it", 1, 1000);
  }
};

class MaeLearner final : public MaskedImages {
 public:
  MaeLearner(const MaeOptions& options, const Material& material);
  double step_bytes(std::int64_t batch_size) const override;

 protected:
  /// mean (y - x)^2 over the numbers of hidden patches: x the pixels, normalised within their patch where that is asked
  /// for, (x - mean) / sqrt(variance + 1e-6), and y what the decoder says of them.
  Restored of_images(const NamedTensors& model, const Tensor& images, const Mask& mask) const override;

 private:
  bool normalised_;
  TowerConfig decoder_;
  Tensor positions_;  // (1, 1 + m, decoder's width), the class token's zero
};

}  // namespace fedorbit
