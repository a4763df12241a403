#include "inputs/batch_sources.hpp"

#include <c10/core/GradMode.h>

#include "core/error.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

/// Batches of images -> batches of what a tower gives for them.
class EncodedStream final : public BatchStream {
 public:
  EncodedStream(std::unique_ptr<BatchStream> images, const Clip& clip, bool with_patches)
      : images_(std::move(images)), clip_(clip), with_patches_(with_patches) {}
  Batch next() override {
    const at::NoGradGuard frozen;
    Batch batch = images_->next();
    const Tensor first = batch.images.select(1, 0);  // (K, B, 3, S, S)
    const auto K = first.size(0), B = first.size(1);
    const VisionFeatures seen = encode_images(clip_.tensors, clip_.config, first.flatten(0, 1), with_patches_);
    batch.features = seen.features.view({K, B, -1});
    if (with_patches_) batch.patches = seen.patches.view({K, B, seen.patches.size(1), -1});
    batch.images = Tensor();
    return batch;
  }

 private:
  std::unique_ptr<BatchStream> images_;
  const Clip& clip_;
  bool with_patches_;
};

/// What a tower wants to see, for those who want what it makes of it.
Needs of_tower(const Clip& clip, bool labels) {
  return {.features = false, .labels = labels, .views = 1, .image_size = clip.config.vision.image_size};
}

}  // namespace

std::unique_ptr<BatchStream> BatchSources::stream(std::vector<Picks> picks, const Needs& needs,
                                                  std::optional<Occasion> occasion) const {
  const bool encoded = occasion && encoder && needs.features;
  if (needs.views == 0 && !encoded) {
    require(features.has_value(), "features were asked for, but none are kept.");
    return features->stream(std::move(picks), needs, std::move(occasion));
  }
  require(images.has_value(), "images were asked for, but there is no data set that has them.");
  if (needs.views > 0) return images->stream(std::move(picks), needs, std::move(occasion));
  return std::make_unique<EncodedStream>(
      images->stream(std::move(picks), of_tower(*encoder, needs.labels), std::move(occasion)), *encoder, needs.patches);
}

double BatchSources::bytes(const Needs& needs, std::int64_t count) const {
  if (!images || (needs.views == 0 && !encoder)) return 0;
  return images->bytes(needs.views > 0 ? needs : of_tower(*encoder, needs.labels), count);
}

}  // namespace fedorbit
