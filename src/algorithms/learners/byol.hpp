// BYOL (Grill et al. 2020, arXiv 2006.07733): each view of an image predicts what a momentum encoder makes of the
// other.
#pragma once
#include "algorithms/learners/momentum_pairs.hpp"

namespace fedorbit {

struct ByolOptions : MomentumOptions {
  HeadNormOptions heads;
  std::int64_t hidden = 4096, projection = 256;
  void fields(OptionList& v) {
    MomentumOptions::fields(v);
    heads.fields(v);
    v("hidden", hidden, "channels", "of the hidden layers of projector and predictor", 1, 65536);
    v("projection", projection, "channels", "of what both give", 1, 65536);
  }
};

class ByolLearner final : public MomentumPairs {
 public:
  ByolLearner(const ByolOptions& options, const Material& material);

 protected:
  /// p_v = h(g(f(x_v))), t_v = g'(f'(x_v)) of the momentum encoder, without gradient:
  /// mean_b [ 2 - 2 cos(p_1, t_2) + 2 - 2 cos(p_2, t_1) ]. The momentum is the same in all steps; the paper's rises
  /// to 1.
  Tensor of_pair(const Pair& pair) override;

 private:
  MlpHead projector_, predictor_;
};

}  // namespace fedorbit
