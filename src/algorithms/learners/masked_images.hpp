// What learners without labels have in common that hide patches of each image and are to say what was there: masks, a
// vision transformer, and the patches' pixels.
#pragma once
#include "algorithms/learners/image_network.hpp"
#include "model/networks/vision_transformer.hpp"

namespace fedorbit {

class MaskedImages : public ImageNetwork {
 public:
  Tensor loss(const Parameters&, const Batch&, Turn&) final;
  Needs needs() const final { return images_in(1); }

 protected:
  /// `hidden`: the share of an image's patches that is.
  MaskedImages(std::string section, const BackboneOptions& options, const Material& material, double hidden);

  /// Which patches of the images (B) are hidden and which are seen, by their numbers: (B, h) and (B, m - h).
  struct Mask {
    Tensor hidden, seen;
  };
  /// Images (B, 3, S, S) -> the mean loss over images, a scalar.
  virtual Tensor of_images(const NamedTensors& model, const Tensor& images, const Mask& mask) const = 0;

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
