#include "algorithms/learners/mae.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "model/towers/tower.hpp"

namespace fedorbit {
namespace {

const std::string layers = "decoder_blocks";

/// Sines and cosines of a place's row in one half of the numbers, of its column in the other, at wavelengths from 2 pi
/// to 20000 pi: (1, 1 + side^2, width), zeros for the class token.
Tensor sines_of_places(std::int64_t side, std::int64_t width) {
  const std::int64_t quarter = width / 4;
  Tensor out = at::zeros({1, 1 + side * side, width}, at::kFloat);
  for (std::int64_t place = 0; place < side * side; ++place) {
    float* row = out.mutable_data_ptr<float>() + (1 + place) * width;
    for (const auto& [half, where] : {std::pair{0, place % side}, std::pair{1, place / side}})
      for (std::int64_t i = 0; i < quarter; ++i) {
        const double angle = double(where) * std::pow(1e4, -double(i) / double(quarter));
        row[half * 2 * quarter + i] = float(std::sin(angle));
        row[half * 2 * quarter + quarter + i] = float(std::cos(angle));
      }
  }
  return out;
}

std::vector<NetworkTensor> linear_layer(const std::string& name, std::int64_t to, std::int64_t from) {
  return {{.name = name + ".weight", .shape = {to, from}, .spread = 0.02},
          {.name = name + ".bias", .shape = {to}, .decayed = false}};
}

}  // namespace

MaeLearner::MaeLearner(const MaeOptions& options, const Material& material)
    : MaskedImages("mae", options, material, options.hidden), normalised_(options.normalised) {
  const std::int64_t w = options.decoder_width;
  decoder_ = {w, options.decoder_depth, std::max<std::int64_t>(1, w / 32), 4 * w};
  require(w % 4 == 0 && w % decoder_.heads == 0, "mae.decoder_width = ", w,
          ": rows and columns of places take a quarter each of sines and cosines, and heads about 32 channels; take a "
          "multiple of 32, or one of 4 below 64.");
  positions_ = sines_of_places(std::llround(std::sqrt(double(patches()))), w);
  std::vector<NetworkTensor> behind = linear_layer("decoder_embed", w, width());
  behind.push_back({.name = "mask_token", .shape = {1, 1, w}, .spread = 0.02, .decayed = false});
  VisionTransformer::add_layers(behind, layers, decoder_);
  VisionTransformer::add_norm(behind, "decoder_norm", w);
  for (const NetworkTensor& tensor : linear_layer("decoder_pred", pixels(), w)) behind.push_back(tensor);
  begin(material, std::move(behind));
}

double MaeLearner::step_bytes(std::int64_t batch_size) const {
  const double tokens = double(1 + patches()),
               kept = double(decoder_.layers) * tokens * (9 * double(decoder_.width) + 2 * double(decoder_.mlp_width));
  return ImageNetwork::step_bytes(batch_size) + double(batch_size) * kept * double(c10::elementSize(type()));
}

MaskedImages::Restored MaeLearner::of_images(const NamedTensors& model, const Tensor& images, const Mask& mask) const {
  const std::int64_t count = images.size(0), m = patches(), seen = mask.seen.size(1), w = decoder_.width;
  const Tensor embedded =
      transformer().embedded(model, images.to(type())) + transformer().positions(model);  // (B, m, width)
  const Tensor encoded = transformer().encoded(model, rows_at(embedded, mask.seen));      // (B, 1 + seen, width)
  const Tensor narrow = linear(model, "decoder_embed", encoded);                          // (B, 1 + seen, w)
  const Tensor places = at::cat({mask.seen, mask.hidden}, 1).unsqueeze(2).expand({-1, -1, w});
  const Tensor tokens = at::cat({narrow.narrow(1, 1, seen), model.at("mask_token").expand({count, m - seen, w})}, 1);
  const Tensor in_order = at::zeros({count, m, w}, tokens.options()).scatter(1, places, tokens);
  const Tensor x = at::cat({narrow.narrow(1, 0, 1), in_order}, 1) + positions_.to(narrow.options());
  const Tensor decoded =
      layer_norm(model, "decoder_norm",
                 run_layers(model, layers, decoder_, Activation::gelu, /*causal=*/false, x, VisionTransformer::words),
                 VisionTransformer::words.epsilon);
  const Tensor said = linear(model, "decoder_pred", rows_at(decoded.narrow(1, 1, m), mask.hidden)).to(at::kFloat);
  Tensor wanted = pixels_at(images, mask.hidden);
  if (normalised_) wanted = (wanted - wanted.mean(2, true)) / (wanted.var(2, /*unbiased=*/true, true) + 1e-6).sqrt();
  return {(said - wanted).square().mean(), encoded.select(1, 0)};
}

}  // namespace fedorbit
