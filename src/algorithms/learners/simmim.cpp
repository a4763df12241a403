#include "algorithms/learners/simmim.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "model/towers/tower.hpp"

namespace fedorbit {

SimMimLearner::SimMimLearner(const SimMimOptions& options, const Material& material)
    : MaskedImages("simmim", options, material, options.hidden) {
  const std::int64_t w = width();
  begin(material, {{.name = "mask_token", .shape = {1, 1, w}, .spread = 0.02, .decayed = false},
                   {.name = "decoder.weight", .shape = {pixels(), w}, .spread = std::sqrt(1 / (3 * double(w)))},
                   {.name = "decoder.bias", .shape = {pixels()}, .decayed = false}});
}

MaskedImages::Restored SimMimLearner::of_images(const NamedTensors& model, const Tensor& images,
                                                const Mask& mask) const {
  const Tensor embedded = transformer().embedded(model, images.to(type()));  // (B, m, w)
  const Tensor replaced =
      embedded.scatter(1, mask.hidden.unsqueeze(2).expand({-1, -1, width()}),
                       model.at("mask_token").expand({images.size(0), mask.hidden.size(1), width()}));
  const Tensor encoded = transformer().encoded(model, replaced + transformer().positions(model));
  const Tensor tokens = encoded.narrow(1, 1, embedded.size(1));
  const Tensor said = linear(model, "decoder", rows_at(tokens, mask.hidden)).to(at::kFloat);
  return {(said - pixels_at(images, mask.hidden)).abs().mean(), encoded.select(1, 0)};
}

}  // namespace fedorbit
