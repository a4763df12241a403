#include "algorithms/learners/view_pairs.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/losses/cosine.hpp"
#include "core/error.hpp"

namespace fedorbit {

void ViewPairs::begin(const Material& material, const std::vector<MlpHead>& heads) {
  std::vector<NetworkTensor> behind;
  for (const MlpHead& head : heads) {
    const std::vector<NetworkTensor> of_head = head.tensors();
    behind.insert(behind.end(), of_head.begin(), of_head.end());
    kept_by_heads_ += head.kept_per_image();
    batch_norms_ = batch_norms_ || head.norm == HeadNorm::batch;
  }
  const bool pulled = pair_options_.alignment > 0;
  if (pulled) {
    aligner_ = {"aligner", {width(), width(), width()}, HeadNorm::none};
    const std::vector<NetworkTensor> layers = aligner_.tensors();
    behind.insert(behind.end(), layers.begin(), layers.end());
  }
  ImageNetwork::begin(material, std::move(behind), "all", 0);
  if (pulled) add(received_.emplace("received.", Owner::turn, weights_of_backbone()));
}

void ViewPairs::initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys) {
  ImageNetwork::initialise(parameters, owner, clients, keys);
  if (received_) received_->initialise(parameters, owner);
}

Tensor ViewPairs::represented(const Pair& pair, const Tensor& images) {
  return represented_.emplace_back(images, trained_features(pair.model, images, pair.k, pair.turn)).second;
}

Tensor ViewPairs::pull(const Pair& pair) {
  const NamedTensors model = copy_of(pair.parameters, pair.k, received_->prefix());
  const auto wanted = [&](const Tensor& images) {
    const at::NoGradGuard no_gradient;
    return features(model, images);
  };
  Tensor sum;
  for (const auto& [images, found] : represented_) {
    const Tensor cosine = mean_cosine(aligner_(pair.model, found), wanted(images));
    sum = sum.defined() ? sum + cosine : cosine;
  }
  return 1 - sum / double(represented_.size());
}

std::int64_t ViewPairs::smallest_batch() const { return batch_norms_ ? 2 : ImageNetwork::smallest_batch(); }

double ViewPairs::step_bytes(std::int64_t batch_size) const {
  return 2 * (ImageNetwork::step_bytes(batch_size) +
              double(batch_size) * kept_by_heads_ * double(c10::elementSize(type())));
}

Tensor ViewPairs::loss(const Parameters& parameters, const Batch& batch, Turn& turn) {
  spread_ = at::full({parameters.clients()}, std::numeric_limits<float>::quiet_NaN(), batch.present.options());
  Tensor losses = for_each_client(parameters, batch, turn, [&](std::int64_t k, const Tensor& images, const Tensor&) {
    const Tensor one = images[0], other = images[1];
    const NamedTensors model = model_of(parameters, k, true);
    const Pair pair{one, other, model, parameters, k, turn};
    represented_.clear();
    Tensor of_views = of_pair(pair);
    if (received_) of_views = of_views + pair_options_.alignment * pull(pair);
    represented_.clear();
    return of_views;
  });
  turn.diagnostics.observe("spread", spread_, batch.active * spread_.isfinite());
  return losses;
}

void ViewPairs::observe_spread(std::int64_t k, const Tensor& projections) {
  if (projections.size(0) < 2) return;
  const at::NoGradGuard no_gradient;
  const Tensor rows = unit(projections.detach().to(at::kFloat));
  spread_[k] = rows.std(0).mean() * std::sqrt(double(rows.size(1)));
}

std::vector<std::string> ViewPairs::warnings(std::span<const double> means) const {
  if (!(means[0] < pair_options_.collapse_warning)) return {};
  return {text("what ", name_, " makes of its images collapses to one place: the mean spread of features is ", means[0],
               ", below ", name_, ".collapse_warning = ", pair_options_.collapse_warning, ".")};
}

}  // namespace fedorbit
