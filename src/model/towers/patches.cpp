#include "model/towers/patches.hpp"

namespace fedorbit {

Tensor cut_patches(const Tensor& images, std::int64_t patch) {
  const std::int64_t count = images.size(0), grid = images.size(2) / patch;
  return images.reshape({count, 3, grid, patch, grid, patch})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({count, grid * grid, 3 * patch * patch});
}

}  // namespace fedorbit
