#include "inputs/kept_features.hpp"

#include "core/error.hpp"
#include "inputs/places.hpp"
#include "machine/send.hpp"

namespace fedorbit {

KeptFeatures::KeptFeatures(const Features& features, const Tensor& labels, at::Device device, Keys keys)
    : features_(features.features.to(device)), labels_(labels.to(device)), keys_(keys) {
  if (features.patches.defined()) patches_ = features.patches.to(device);
  // (V, N, ...) as V * N rows
  if (features.view_features.defined()) view_features_ = features.view_features.to(device).flatten(0, 1);
  if (features.view_patches.defined()) view_patches_ = features.view_patches.to(device).flatten(0, 1);
}

Batch KeptFeatures::gathered(const Picks& picks, const Needs& needs, const std::optional<Occasion>& occasion) const {
  const Places places = places_of(picks);
  const bool augmented = occasion && view_features_.defined();
  Tensor rows = places.image;
  if (augmented) {
    const std::int64_t count = features_.size(0), views = view_features_.size(0) / count;
    rows = rows.clone();
    auto* row = rows.mutable_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
      Stream stream = keys_.stream(Purpose::choice_of_view, std::uint64_t(occasion->round), std::uint64_t(row[i]));
      row[i] += std::int64_t(stream.below(std::uint64_t(views))) * count;
    }
  }
  const auto taken = [&](const Tensor& table, const Tensor& of) {
    std::vector<std::int64_t> shape = of.sizes().vec();
    shape.insert(shape.end(), table.sizes().begin() + 1, table.sizes().end());
    return table.index_select(0, sent(of.flatten(), device())).view(shape);
  };
  Batch batch;
  if (needs.features) batch.features = taken(augmented ? view_features_ : features_, rows).to(at::kFloat);
  if (needs.patches) batch.patches = taken(augmented ? view_patches_ : patches_, rows).to(at::kFloat);
  if (needs.labels) batch.labels = taken(labels_, places.image);
  batch.present = sent(places.present, device());
  batch.active = sent(places.active, device());
  return batch;
}

std::unique_ptr<BatchStream> KeptFeatures::stream(std::vector<Picks> picks, const Needs& needs,
                                                  std::optional<Occasion> occasion) const {
  require(needs.views == 0, "images were asked for where features are kept.");
  require(!needs.patches || patches_.defined(), "patch features were asked for, but they were not computed.");
  return stream_of(std::move(picks),
                   [this, needs, occasion](const Picks& now, std::size_t) { return gathered(now, needs, occasion); });
}

}  // namespace fedorbit
