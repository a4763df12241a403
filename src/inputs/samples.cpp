#include "inputs/samples.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "core/error.hpp"
#include "machine/send.hpp"

namespace fedorbit {

Samples::Samples(const Features& features, const Tensor& labels, at::Device device, Keys keys, LiveEncoder live)
    : features_(features.features.to(device)), labels_(labels.to(device)), keys_(keys), live_(std::move(live)) {
  if (features.patches.defined()) patches_ = features.patches.to(device);
  // (V, N, ...) as V * N rows
  if (features.view_features.defined()) view_features_ = features.view_features.to(device).flatten(0, 1);
  if (features.view_patches.defined()) view_patches_ = features.view_patches.to(device).flatten(0, 1);
}

Batch Samples::batch(const std::vector<std::vector<std::int64_t>>& chosen, std::int64_t size, bool with_patches,
                     std::optional<std::int64_t> round) const {
  const bool augmented = round && view_features_.defined();
  const std::int64_t count = features_.size(0), views = augmented ? view_features_.size(0) / count : 0;
  const auto row_of = [&](std::int64_t image) {
    if (!augmented) return image;
    Stream stream = keys_.stream(Purpose::choice_of_view, std::uint64_t(*round), std::uint64_t(image));
    return std::int64_t(stream.below(std::uint64_t(views))) * count + image;
  };
  const auto K = std::int64_t(chosen.size());
  Tensor index = at::zeros({K, size}, at::kLong), labelled = at::zeros({K, size}, at::kLong),
         present = at::zeros({K, size}), active = at::zeros({K});
  auto* index_out = index.mutable_data_ptr<std::int64_t>();
  auto* labelled_out = labelled.mutable_data_ptr<std::int64_t>();
  auto* present_out = present.mutable_data_ptr<float>();
  for (std::int64_t k = 0; k < K; ++k) {
    const auto& images = chosen[std::size_t(k)];
    if (images.empty()) continue;
    active.mutable_data_ptr<float>()[k] = 1;
    for (std::int64_t b = 0; b < size; ++b) {
      const bool real = b < std::int64_t(images.size());
      labelled_out[k * size + b] = images[real ? std::size_t(b) : 0];
      index_out[k * size + b] = row_of(labelled_out[k * size + b]);
      present_out[k * size + b] = real;
    }
  }
  auto gathered = [&](const Tensor& table, const Tensor& rows) {
    std::vector<std::int64_t> shape{K, size};
    shape.insert(shape.end(), table.sizes().begin() + 1, table.sizes().end());
    return table.index_select(0, sent(rows.view({-1}), device())).view(shape);
  };
  Batch batch;
  if (live_ && round) {
    const VisionFeatures seen = live_({labelled_out, std::size_t(K * size)});
    batch.features = seen.features.view({K, size, -1});
    if (with_patches) batch.patches = seen.patches.view({K, size, seen.patches.size(1), -1});
  } else {
    batch.features = gathered(augmented ? view_features_ : features_, index).to(at::kFloat);
    if (with_patches) {
      require(patches_.defined(), "patch features were asked for, but they were not computed.");
      batch.patches = gathered(augmented ? view_patches_ : patches_, index).to(at::kFloat);
    }
  }
  batch.labels = gathered(labels_, labelled);
  batch.present = sent(present, device());
  batch.active = sent(active, device());
  return batch;
}

Batch Samples::batch(std::span<const std::int64_t> chosen, bool with_patches) const {
  return batch({{chosen.begin(), chosen.end()}}, std::int64_t(chosen.size()), with_patches);
}

}  // namespace fedorbit
