// Batches of images that are read from the data set whenever they are asked for: cropped, mirrored, resized,
// normalised.
#pragma once
#include <string>

#include "algorithms/batch.hpp"
#include "core/keys.hpp"
#include "core/options.hpp"
#include "data/dataset.hpp"
#include "data/transform.hpp"

namespace fedorbit {

/// How images are seen by what trains on them, and by what labels them.
struct LiveImageOptions {
  double smallest_crop = 1;
  bool flip = false;
  std::string normalisation = "clip";
  void fields(OptionList& v) {
    v("smallest_crop", smallest_crop, "",
      "the least share of an image's area that a random crop shows to a client that trains on it; 1: no crops, images "
      "are seen as when they are labelled",
      0.01, 1);
    v("flip", flip, "whether every other image that a client trains on is mirrored");
    v("normalisation", normalisation, "mean and standard deviation of the channels: CLIP's, or ImageNet's",
      {"clip", "imagenet"});
  }
};

class LiveImages final : public Batches {
 public:
  /// The data set outlives it.
  LiveImages(const Dataset& dataset, const LiveImageOptions& options, at::Device device, Keys keys)
      : dataset_(dataset), options_(options), device_(device), keys_(keys) {}

  /// Images of Needs::image_size pixels. On an occasion each view of an image is what (round, client, step, image,
  /// view) draw; without one it is the image resized, its centre cut out (CLIP's preprocessing).
  std::unique_ptr<BatchStream> stream(std::vector<Picks> picks, const Needs& needs,
                                      std::optional<Occasion> occasion = std::nullopt) const override;
  at::Device device() const override { return device_; }

 private:
  const Dataset& dataset_;
  LiveImageOptions options_;
  at::Device device_;
  Keys keys_;
};

}  // namespace fedorbit
