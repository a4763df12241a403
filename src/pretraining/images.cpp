#include "pretraining/images.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "data/transform.hpp"

namespace fedorbit {

std::vector<Tensor> kept_images(const Dataset& dataset, const std::vector<std::int64_t>& which, std::int64_t pixels) {
  std::vector<Tensor> out;
  for (const std::int64_t i : which) {
    const Tensor image = dataset.image(i).permute({2, 0, 1}).contiguous();
    const std::int64_t rows = image.size(1), columns = image.size(2), shorter = std::min(rows, columns);
    out.push_back(shorter <= pixels ? image
                                    : resize_bicubic(image, rows * pixels / shorter, columns * pixels / shorter));
  }
  return out;
}

Validation make_validation(const std::string& name, const Dataset& dataset, const std::vector<std::int64_t>& which,
                           std::int64_t image_size) {
  const auto count = std::int64_t(which.size());
  Validation out{name, at::empty({count, 3, image_size, image_size}, at::kByte), at::empty({count}, at::kLong),
                 dataset.class_names()};
  const Transform transform{image_size};
  for (std::int64_t i = 0; i < count; ++i) {
    out.squares[i].copy_(transform.square(dataset.image(which[std::size_t(i)]).permute({2, 0, 1})));
    out.labels[i].copy_(dataset.labels()[which[std::size_t(i)]]);
  }
  return out;
}

Share share_of(std::int64_t count, int rank, int ranks) {
  const std::int64_t first = count * rank / ranks, end = count * (rank + 1) / ranks;
  return {first, end - first, (count + ranks - 1) / ranks};
}

}  // namespace fedorbit
