#include "pretraining/accuracy.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "algorithms/losses/cosine.hpp"
#include "data/transform.hpp"
#include "evaluation/linear_probe.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {

Tensor validation_features(const NamedTensors& tensors, const ClipConfig& config, const Validation& validation,
                           Communicator& communicator) {
  const at::NoGradGuard no_gradient;
  const std::int64_t count = validation.squares.size(0);
  const Share mine = share_of(count, communicator.rank(), communicator.size());
  Tensor rows = at::zeros({mine.largest, config.embed_dim}, at::kFloat);
  constexpr std::int64_t chunk = 64;
  for (std::int64_t i = 0; i < mine.count; i += chunk) {
    const std::int64_t now = std::min(chunk, mine.count - i);
    const Tensor images = Transform{}.normalised(validation.squares.narrow(0, mine.first + i, now));
    rows.narrow(0, i, now).copy_(unit(encode_images(tensors, config, images).features));
  }
  const Tensor all = communicator.all_gather(rows);  // (ranks, largest, d)
  Tensor out = at::zeros({count, config.embed_dim}, at::kFloat);
  for (int rank = 0; rank < communicator.size(); ++rank) {
    const Share part = share_of(count, rank, communicator.size());
    out.narrow(0, part.first, part.count).copy_(all[rank].narrow(0, 0, part.count));
  }
  return out;
}

Tensor ensemble_features(const NamedTensors& tensors, const ClipConfig& config, const Captions& captions,
                         const std::vector<std::string>& names) {
  const at::NoGradGuard no_gradient;
  const Tensor tokens = captions.ensemble(names);  // (C, templates, L)
  const Tensor each = unit(encode_tokens(tensors, config, tokens.flatten(0, 1)));
  return unit(each.view({tokens.size(0), tokens.size(1), -1}).mean(1));
}

double zero_shot_accuracy(const Tensor& features, const Tensor& texts, const Tensor& labels) {
  const Tensor right = at::matmul(features, texts.t()).argmax(1) == labels;
  return right.to(at::kDouble).mean().item<double>();
}

double probe_accuracy(const Tensor& features, const Tensor& labels, std::int64_t classes) {
  std::vector<std::int64_t> train, test;
  for (std::int64_t i = 0; i < labels.numel(); ++i) (i % 2 ? test : train).push_back(i);
  const LinearProbe probe(features, labels, train, classes);
  const Tensor rows = at::tensor(test, at::kLong);
  const Tensor guess = probe.logits(features.index_select(0, rows).unsqueeze(0)).squeeze(0).argmax(1);
  return (guess == labels.index_select(0, rows)).to(at::kDouble).mean().item<double>();
}

}  // namespace fedorbit
