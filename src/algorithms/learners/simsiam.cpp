#include "algorithms/learners/simsiam.hpp"

#include <ATen/TensorOperators.h>

#include "algorithms/losses/cosine.hpp"

namespace fedorbit {

SimSiamLearner::SimSiamLearner(const SimSiamOptions& options, const Material& material)
    : ViewPairs("simsiam", options, material),
      projector_{"projector",
                 {width(), options.projection, options.projection, options.projection},
                 options.heads.norm(),
                 /*normed_end=*/true},
      predictor_{"predictor", {options.projection, options.prediction, options.projection}, options.heads.norm()} {
  begin(material, {projector_, predictor_});
}

Tensor SimSiamLearner::of_pair(const Pair& pair) {
  const NamedTensors& model = pair.model;
  const Tensor z1 = projector_(model, represented(pair, pair.one)),
               z2 = projector_(model, represented(pair, pair.other));
  observe_spread(pair.k, z1);
  return -0.5 * (mean_cosine(predictor_(model, z1), z2.detach()) + mean_cosine(predictor_(model, z2), z1.detach()));
}

}  // namespace fedorbit
