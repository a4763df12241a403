// The images that clients own, as tensors on the device, and the batches that groups of clients draw from them.
#pragma once
#include <vector>

#include "algorithms/turn.hpp"
#include "data/features.hpp"

namespace fedorbit {

class Samples {
 public:
  /// labels (N) int64. Everything is moved to the device once.
  Samples(const Features& features, const Tensor& labels, at::Device device);

  /// One batch for K clients: row k holds the images `chosen[k]` (indices into the data set, at most `size`), padded to
  /// `size`; a client without images is inactive. Patches only if asked for.
  Batch batch(const std::vector<std::vector<std::int64_t>>& chosen, std::int64_t size, bool with_patches) const;
  /// One batch for a single model, K = 1.
  Batch batch(std::span<const std::int64_t> chosen, bool with_patches) const;

  at::Device device() const { return features_.device(); }
  const Tensor& features() const { return features_; }
  const Tensor& labels() const { return labels_; }

 private:
  Tensor features_, patches_, labels_;
};

}  // namespace fedorbit
