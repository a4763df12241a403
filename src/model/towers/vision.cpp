#include "model/towers/vision.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/matmul.h>
#include <c10/core/GradMode.h>

#include "core/error.hpp"
#include "model/towers/frozen_tower.hpp"
#include "model/towers/patches.hpp"
#include "model/towers/product.hpp"
#include "model/towers/resnet.hpp"
#include "model/towers/trained_product.hpp"

namespace fedorbit {
namespace {

bool is_frozen(const NamedTensors& tensors, const Tensor& images) {
  if (!at::GradMode::is_enabled()) return true;
  if (images.requires_grad()) return false;
  for (auto at = tensors.lower_bound("vision."); at != tensors.end() && at->first.starts_with("vision."); ++at)
    if (at->second.requires_grad()) return false;
  return true;
}

/// The final norm of all tokens or the class token alone, (N, 1 + M or 1, w), of patches (N, M, 3 P P).
Tensor run_by_operators(const NamedTensors& tensors, const ClipConfig& config, const Tensor& pixels,
                        bool with_patches) {
  const VisionConfig& vision = config.vision;
  const Tensor embedded =
      trained_product(pixels, tensor_of(tensors, "vision.patch.weight").reshape({vision.width, -1}));
  const Tensor first = tensor_of(tensors, "vision.class_token").expand({pixels.size(0), 1, vision.width});
  Tensor x = at::cat({first, embedded}, 1) + tensor_of(tensors, "vision.positions");  // (N, 1 + M, w)
  x = layer_norm(tensors, "vision.norm_before", x);
  x = with_patches ? run_layers(tensors, "vision", vision, config.activation, false, x)
                   : run_layers_to_first(tensors, "vision", vision, config.activation, x);
  return layer_norm(tensors, "vision.norm_after", x);
}

/// The same by hand.
Tensor run_frozen(const NamedTensors& tensors, const ClipConfig& config, const Tensor& pixels, bool with_patches) {
  const at::NoGradGuard frozen;
  const VisionConfig& vision = config.vision;
  const std::int64_t count = pixels.size(0), patches = pixels.size(1), w = vision.width;
  const auto number = [&](const char* name) { return tensor_of(tensors, name).to(at::kFloat); };
  Tensor x = at::empty({count, 1 + patches, w}, at::kFloat);
  x.narrow(1, 0, 1).copy_(tensor_of(tensors, "vision.class_token").expand({count, 1, w}));
  x.narrow(1, 1, patches)
      .copy_(frozen_product(pixels.view({count * patches, -1}), tensor_of(tensors, "vision.patch.weight").view({w, -1}))
                 .view({count, patches, w}));
  x.add_(number("vision.positions"));
  x = at::layer_norm(x, {w}, number("vision.norm_before.weight"), number("vision.norm_before.bias"), 1e-5);
  return run_frozen_layers(tensors, "vision", vision, config.activation, !with_patches, x);
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
  const auto type = tensor_of(tensors, "vision.patch.weight").scalar_type();
  const bool by_hand = images.is_cpu() && (type == at::kFloat || type == at::kBFloat16) && is_frozen(tensors, images);
  const Tensor pixels = cut_patches(images.to(type), vision.patch_size);
  const Tensor x = by_hand ? run_frozen(tensors, config, pixels, with_patches)
                           : run_by_operators(tensors, config, pixels, with_patches);
  const Tensor projected = at::matmul(x, tensor_of(tensors, "vision.projection")).to(at::kFloat);  // (N, 1 + M, d)
  VisionFeatures out{projected.select(1, 0), {}};
  if (with_patches) out.patches = projected.narrow(1, 1, vision.patches());
  return out;
}

}  // namespace fedorbit
