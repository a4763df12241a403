#include "algorithms/learners/byol.hpp"

#include <ATen/TensorOperators.h>

#include "algorithms/losses/cosine.hpp"

namespace fedorbit {

ByolLearner::ByolLearner(const ByolOptions& options, const Material& material)
    : MomentumPairs("byol", options, material),
      projector_{"projector", {width(), options.hidden, options.projection}, options.heads.norm()},
      predictor_{"predictor", {options.projection, options.hidden, options.projection}, options.heads.norm()} {
  begin(material, projector_, {predictor_});
}

Tensor ByolLearner::of_pair(const Pair& pair) {
  const auto predicted = [&](const Tensor& images) {
    const Tensor z = projector_(pair.model, represented(pair, images));
    observe_spread(pair.k, z);
    return predictor_(pair.model, z);
  };
  const Tensor p1 = predicted(pair.one), p2 = predicted(pair.other);  // running statistics follow them in this order
  return 4 - 2 * (mean_cosine(p1, of_momentum_encoder(pair, pair.other)) +
                  mean_cosine(p2, of_momentum_encoder(pair, pair.one)));
}

}  // namespace fedorbit
