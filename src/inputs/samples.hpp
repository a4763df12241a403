// What is known of a data set's images, as tensors on the device, and the batches that groups of clients draw from it.
#pragma once
#include <optional>
#include <vector>

#include "algorithms/turn.hpp"
#include "data/features.hpp"
#include "inputs/live.hpp"

namespace fedorbit {

class Samples {
 public:
  /// labels (N) int64. On a GPU everything is moved to it once; on the CPU features stay in the mapped file. `keys`
  /// draw augmented views where the features have some. With `live`, what clients train on is computed by it each time.
  Samples(const Features& features, const Tensor& labels, at::Device device, Keys keys = Keys(0),
          LiveEncoder live = {});

  /// One batch for K clients: row k holds the images `chosen[k]` (indices into the data set, at most `size`), padded to
  /// `size`; a client without images is inactive. Patches only if asked for. With a training `round` an image is seen
  /// in the augmented view that (round, image) draws, where there are views; without one, as it is.
  Batch batch(const std::vector<std::vector<std::int64_t>>& chosen, std::int64_t size, bool with_patches,
              std::optional<std::int64_t> round = std::nullopt) const;
  /// One batch for a single model, K = 1.
  Batch batch(std::span<const std::int64_t> chosen, bool with_patches) const;

  at::Device device() const { return features_.device(); }
  const Tensor& features() const { return features_; }  // (N, d) plain, float32 or float16
  const Tensor& labels() const { return labels_; }

 private:
  Tensor features_, patches_, view_features_, view_patches_, labels_;
  Keys keys_;
  LiveEncoder live_;
};

}  // namespace fedorbit
