#include "inputs/image_memory.hpp"

namespace fedorbit {

Tensor ImageMemory::image(std::int64_t i) {
  Tensor& place = kept_.at(std::size_t(i));
  {
    const std::lock_guard lock(mutex_);
    if (place.defined()) return place;
  }
  const Tensor read = dataset_.image(i).permute({2, 0, 1});
  const std::lock_guard lock(mutex_);
  if (const auto bytes = double(read.nbytes()); !place.defined() && bytes <= left_) {
    left_ -= bytes;
    place = read;
  }
  return read;
}

}  // namespace fedorbit
