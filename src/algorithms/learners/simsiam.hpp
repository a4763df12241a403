// SimSiam (Chen and He 2021, arXiv 2011.10566): two views of an image predict each other's projection, which is held
// fixed. Nothing else keeps features apart: no negatives, no momentum encoder.
#pragma once
#include "algorithms/learners/view_pairs.hpp"

namespace fedorbit {

struct SimSiamOptions : ViewPairOptions {
  HeadNormOptions heads;
  std::int64_t projection = 2048, prediction = 512;
  void fields(OptionList& v) {
    ViewPairOptions::fields(v);
    heads.fields(v);
    v("projection", projection, "channels", "of the projector's three layers, and of what the predictor gives", 1,
      65536);
    v("prediction", prediction, "channels", "of the predictor's hidden layer, a bottleneck", 1, 65536);
  }
};

class SimSiamLearner final : public ViewPairs {
 public:
  SimSiamLearner(const SimSiamOptions& options, const Material& material);

 protected:
  /// f backbone, g projector, h predictor; z_v = g(f(x_v)), p_v = h(z_v):
  /// -1/2 mean_b [ cos(p_1, sg z_2) + cos(p_2, sg z_1) ], sg: without a gradient.
  Tensor of_pair(const Pair& pair) override;

 private:
  MlpHead projector_, predictor_;
};

}  // namespace fedorbit
