#include "model/towers/resnet.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Keeps the grid, unless `stride` says otherwise.
Tensor convolution(const NamedTensors& tensors, const std::string& name, const Tensor& x, std::int64_t stride = 1) {
  const Tensor& weight = tensor_of(tensors, name + ".weight");
  return at::conv2d(x, weight, tensor_of(tensors, name + ".bias"), stride, weight.size(2) / 2);
}

Tensor halved(const Tensor& x) { return at::avg_pool2d(x, 2); }

/// relu(shortcut(x) + conv2(halve(relu(conv1(relu(conv0(x)))))))
Tensor block(const NamedTensors& tensors, const std::string& name, bool halve, bool has_shortcut, const Tensor& x) {
  Tensor out = at::relu(convolution(tensors, name + ".0", x));
  out = at::relu(convolution(tensors, name + ".1", out));
  out = convolution(tensors, name + ".2", halve ? halved(out) : out);
  const Tensor kept = has_shortcut ? convolution(tensors, name + ".shortcut", halve ? halved(x) : x) : x;
  return at::relu(out + kept);
}

/// (N, 32w, g, g) -> (N, d), and (N, g g, d) where patches are asked for.
VisionFeatures pool(const NamedTensors& tensors, const VisionConfig& vision, const Tensor& x, bool with_patches) {
  const std::int64_t count = x.size(0), width = x.size(1), heads = vision.heads;
  const Tensor places = x.flatten(2).transpose(1, 2);  // (N, M, 32w)
  const Tensor tokens =
      at::cat({places.mean(1, true), places}, 1) + tensor_of(tensors, "vision.pool.positions");  // (N, 1 + M, 32w)
  const auto by_head = [&](const Tensor& rows) {
    return rows.view({count, rows.size(1), heads, width / heads}).transpose(1, 2);
  };
  const Tensor values = linear(tensors, "vision.pool.values", tokens);
  const Tensor read = at::scaled_dot_product_attention(
      by_head(linear(tensors, "vision.pool.queries", tokens.narrow(1, 0, 1))),
      by_head(linear(tensors, "vision.pool.keys", tokens)), by_head(values));  // (N, heads, 1, 32w / heads)
  VisionFeatures out{linear(tensors, "vision.pool.out", read.transpose(1, 2).reshape({count, width})).to(at::kFloat),
                     {}};
  if (with_patches)
    out.patches = linear(tensors, "vision.pool.out", values.narrow(1, 1, vision.patches())).to(at::kFloat);
  return out;
}

}  // namespace

VisionFeatures encode_residual(const NamedTensors& tensors, const ClipConfig& config, const Tensor& images,
                               bool with_patches) {
  Tensor x = images.to(tensor_of(tensors, "vision.stem.0.weight").scalar_type());
  for (int i = 0; i < 3; ++i) x = at::relu(convolution(tensors, text("vision.stem.", i), x, i == 0 ? 2 : 1));
  x = halved(x);
  for (std::size_t s = 0; s < config.vision.stages.size(); ++s)
    for (std::int64_t b = 0; b < config.vision.stages[s]; ++b)
      x = block(tensors, text("vision.stages.", s, ".", b), s > 0 && b == 0, b == 0, x);
  return pool(tensors, config.vision, x, with_patches);
}

}  // namespace fedorbit
