// Batches of features that are kept: one tower has seen every image once, as it is and in augmented views.
#pragma once
#include "algorithms/batch.hpp"
#include "core/keys.hpp"
#include "data/features.hpp"

namespace fedorbit {

class KeptFeatures final : public Batches {
 public:
  /// labels (N) int64. On a GPU everything is moved to it once; on the CPU features stay in the mapped file. `keys`
  /// draw augmented views where the features have some.
  KeptFeatures(const Features& features, const Tensor& labels, at::Device device, Keys keys = Keys(0));

  /// On an occasion an image is seen in the augmented view that (round, image) draws, where there are views.
  std::unique_ptr<BatchStream> stream(std::vector<Picks> picks, const Needs& needs,
                                      std::optional<Occasion> occasion = std::nullopt) const override;
  at::Device device() const override { return features_.device(); }

  const Tensor& features() const { return features_; }  // (N, d) plain, float32 or float16
  const Tensor& labels() const { return labels_; }

 private:
  Batch gathered(const Picks& picks, const Needs& needs, const std::optional<Occasion>& occasion) const;

  Tensor features_, patches_, view_features_, view_patches_, labels_;
  Keys keys_;
};

}  // namespace fedorbit
