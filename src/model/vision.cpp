#include "model/vision.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

#include "core/error.hpp"
#include "model/resnet.hpp"

namespace fedorbit {
namespace {

/// The patches' pixels, (N, 3, S, S) -> (N, M, 3 P P): a convolution whose stride is its size is one product.
Tensor cut_patches(const Tensor& images, std::int64_t patch) {
  const std::int64_t count = images.size(0), grid = images.size(2) / patch;
  return images.reshape({count, 3, grid, patch, grid, patch})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({count, grid * grid, 3 * patch * patch});
}

}  // namespace

VisionFeatures encode_images(const NamedTensors& tensors, const ClipConfig& config, const Tensor& images,
                             bool with_patches) {
  const VisionConfig& vision = config.vision;
  require(images.dim() == 4 && images.size(1) == 3 && images.size(2) == vision.image_size &&
              images.size(3) == vision.image_size,
          "the vision tower wants images of (N, 3, ", vision.image_size, ", ", vision.image_size, "), not ",
          images.sizes(), ".");
  if (vision.residual()) return encode_residual(tensors, config, images, with_patches);
  const Tensor& kernel = tensor_of(tensors, "vision.patch.weight");  // (w, 3, P, P)
  const Tensor pixels = cut_patches(images.to(kernel.scalar_type()), vision.patch_size);
  const Tensor embedded = at::linear(pixels, kernel.reshape({vision.width, -1}));
  const Tensor first = tensor_of(tensors, "vision.class_token").expand({images.size(0), 1, vision.width});
  Tensor x = at::cat({first, embedded}, 1) + tensor_of(tensors, "vision.positions");  // (N, 1 + M, w)
  x = layer_norm(tensors, "vision.norm_before", x);
  x = with_patches ? run_layers(tensors, "vision", vision, config.activation, false, x)
                   : run_layers_to_first(tensors, "vision", vision, config.activation, x);
  const Tensor projected =
      at::matmul(layer_norm(tensors, "vision.norm_after", x), tensor_of(tensors, "vision.projection"))
          .to(at::kFloat);  // (N, 1 + M, d)
  VisionFeatures out{projected.select(1, 0), {}};
  if (with_patches) out.patches = projected.narrow(1, 1, vision.patches());
  return out;
}

}  // namespace fedorbit
