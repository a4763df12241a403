// What learners without labels have in common that hide patches of each image and are to say what was there: masks, a
// vision transformer, and the patches' pixels.
#pragma once
#include "algorithms/learners/aligned_network.hpp"
#include "model/networks/vision_transformer.hpp"

namespace fedorbit {

class MaskedImages : public AlignedNetwork {
 public:
  /// That of the images, and the pull of what is made of those that are partly hidden towards what the other encoder
  /// makes of the whole ones.
  Tensor loss(const Parameters&, const Batch&, Turn&) final;
  Needs needs() const final { return images_in(1); }

 protected:
  /// `hidden`: the share of an image's patches that is.
  MaskedImages(std::string section, const AlignedOptions& options, const Material& material, double hidden);

  /// Which patches of the images (B) are hidden and which are seen, by their numbers: (B, h) and (B, m - h).
  struct Mask {
    Tensor hidden, seen;
  };
  struct Restored {
    Tensor loss;      // in the mean over images, a scalar
    Tensor features;  // (B, d), of what was seen
  };
  /// Of images (B, 3, S, S).
  virtual Restored of_images(const NamedTensors& model, const Tensor& images, const Mask& mask) const = 0;

  const VisionTransformer& transformer() const { return *transformer_; }
  std::int64_t patches() const { return transformer_->config().patches(); }
  std::int64_t pixels() const;  // numbers of a patch, 3 P P
  /// Rows (B, m, n) of these places (B, p) -> (B, p, n).
  static Tensor rows_at(const Tensor& rows, const Tensor& places);
  /// The patches of these places as they are, (B, p, 3 P P) float32.
  Tensor pixels_at(const Tensor& images, const Tensor& places) const;

 private:
  const VisionTransformer* transformer_;
  std::int64_t hidden_;  // patches
};

}  // namespace fedorbit
