#include "simulation/samples.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "core/error.hpp"

namespace fedorbit {

Samples::Samples(const Features& features, const Tensor& labels, at::Device device)
    : features_(features.features.to(device)), labels_(labels.to(device)) {
  if (features.patches.defined()) patches_ = features.patches.to(device);
}

Batch Samples::batch(const std::vector<std::vector<std::int64_t>>& chosen, std::int64_t size, bool with_patches) const {
  const auto K = std::int64_t(chosen.size());
  Tensor index = at::zeros({K, size}, at::kLong), present = at::zeros({K, size}), active = at::zeros({K});
  auto* index_out = index.mutable_data_ptr<std::int64_t>();
  auto* present_out = present.mutable_data_ptr<float>();
  for (std::int64_t k = 0; k < K; ++k) {
    const auto& images = chosen[std::size_t(k)];
    if (images.empty()) continue;
    active.mutable_data_ptr<float>()[k] = 1;
    for (std::int64_t b = 0; b < size; ++b) {
      const bool real = b < std::int64_t(images.size());
      index_out[k * size + b] = images[real ? std::size_t(b) : 0];
      present_out[k * size + b] = real;
    }
  }
  const Tensor rows = index.view({-1}).to(device());
  auto gathered = [&](const Tensor& table) {
    std::vector<std::int64_t> shape{K, size};
    shape.insert(shape.end(), table.sizes().begin() + 1, table.sizes().end());
    return table.index_select(0, rows).view(shape);
  };
  Batch batch;
  batch.features = gathered(features_);
  if (with_patches) {
    require(patches_.defined(), "patch features were asked for, but they were not computed.");
    batch.patches = gathered(patches_);
  }
  batch.labels = gathered(labels_);
  batch.present = present.to(device());
  batch.active = active.to(device());
  return batch;
}

Batch Samples::batch(std::span<const std::int64_t> chosen, bool with_patches) const {
  return batch({{chosen.begin(), chosen.end()}}, std::int64_t(chosen.size()), with_patches);
}

}  // namespace fedorbit
