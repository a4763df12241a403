// The images that pre-training sees, decoded and shrunk once and kept in memory.
#pragma once
#include <vector>

#include "data/dataset.hpp"

namespace fedorbit {

/// Images to train on, each (3, H, W) uint8 with a shorter side of at most `pixels`.
std::vector<Tensor> kept_images(const Dataset& dataset, const std::vector<std::int64_t>& which, std::int64_t pixels);

/// What accuracy is reported on: images as the tower sees them.
struct Validation {
  std::string name;
  Tensor squares;  // (N, 3, S, S) uint8
  Tensor labels;   // (N) int64
  std::vector<std::string> class_names;
};
Validation make_validation(const std::string& name, const Dataset& dataset, const std::vector<std::int64_t>& which,
                           std::int64_t image_size);

/// Part r of 0 to count - 1 in as many parts as there are ranks, none larger than another by more than one.
struct Share {
  std::int64_t first, count, largest;  // `largest`: the count of the largest part
};
Share share_of(std::int64_t count, int rank, int ranks);

}  // namespace fedorbit
