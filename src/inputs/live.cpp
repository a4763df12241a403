#include "inputs/live.hpp"

#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <vector>

#include "data/transform.hpp"

namespace fedorbit {

LiveEncoder live_encoder(const Dataset& dataset, const Clip& clip, bool with_patches, at::Device device) {
  const Transform transform{clip.config.vision.image_size};
  return [&dataset, &clip, with_patches, device, transform](std::span<const std::int64_t> images) {
    const at::NoGradGuard frozen;
    std::vector<Tensor> squares;
    for (const std::int64_t image : images)
      squares.push_back(transform.square(dataset.image(image).permute({2, 0, 1})));
    return encode_images(clip.tensors, clip.config, transform.normalised(at::stack(squares)).to(device), with_patches);
  };
}

}  // namespace fedorbit
