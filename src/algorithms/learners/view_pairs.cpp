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
  AlignedNetwork::begin(material, std::move(behind));
}

Tensor ViewPairs::represented(const Pair& pair, const Tensor& images) {
  return represented_.emplace_back(images, trained_features(pair.model, images, pair.k, pair.turn)).second;
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
    if (aligns()) of_views = of_views + pull(model, parameters, k, represented_);
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
