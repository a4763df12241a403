// SimMIM (Xie et al. 2022, arXiv 2111.09886): hidden patches are replaced by one learned token, and a linear layer says
// their pixels.
#pragma once
#include "algorithms/learners/masked_images.hpp"

namespace fedorbit {

struct SimMimOptions : AlignedOptions {
  double hidden = 0.6;
  void fields(OptionList& v) {
    AlignedOptions::fields(v);
    v("hidden", hidden, "", "share of an image's patches that are hidden, to the nearest whole number", 0, 1);
  }
};

class SimMimLearner final : public MaskedImages {
 public:
  SimMimLearner(const SimMimOptions& options, const Material& material);

 protected:
  /// mean |y - x| over the numbers x of hidden patches, normalised as the network sees them, and what is said of them,
  /// y.
  Restored of_images(const NamedTensors& model, const Tensor& images, const Mask& mask) const override;
};

}  // namespace fedorbit
