// Images of a data set for many threads, as many as fit kept in memory as they were read.
#pragma once
#include <cstdint>
#include <mutex>
#include <vector>

#include "data/dataset.hpp"

namespace fedorbit {

class ImageMemory {
 public:
  /// `bytes`: of images that are kept, first come, first kept; the others are read again whenever they are asked for.
  /// The data set outlives it.
  ImageMemory(const Dataset& dataset, double bytes)
      : dataset_(dataset), left_(bytes), kept_(std::size_t(dataset.size())) {}

  /// (3, H, W) uint8, a view of (H, W, 3); not to be written to. Throws where the file is damaged.
  Tensor image(std::int64_t i);

 private:
  const Dataset& dataset_;
  std::mutex mutex_;
  double left_;
  std::vector<Tensor> kept_;
};

}  // namespace fedorbit
