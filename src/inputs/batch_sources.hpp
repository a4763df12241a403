// What a run's batches come from: features that are kept, images that are read, or features of images that are read.
#pragma once
#include <optional>

#include "inputs/kept_features.hpp"
#include "inputs/live_images.hpp"
#include "model/clip.hpp"

namespace fedorbit {

class BatchSources final : public Batches {
 public:
  explicit BatchSources(at::Device device) : device_(device) {}

  std::optional<KeptFeatures> features;  // where somebody needs them
  std::optional<LiveImages> images;      // where there are any
  /// What computes features anew whenever clients train on them, as the published recipes do; without it they see what
  /// is kept. Exams always do.
  std::optional<Clip> encoder;

  std::unique_ptr<BatchStream> stream(std::vector<Picks> picks, const Needs& needs,
                                      std::optional<Occasion> occasion = std::nullopt) const override;
  double bytes(const Needs& needs, std::int64_t images) const override;
  at::Device device() const override { return device_; }

 private:
  at::Device device_;
};

}  // namespace fedorbit
