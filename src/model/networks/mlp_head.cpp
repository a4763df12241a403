#include "model/networks/mlp_head.hpp"

#include <ATen/ops/layer_norm.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/relu.h>

#include <cmath>

#include "core/error.hpp"
#include "model/towers/tower.hpp"
#include "model/towers/trained_product.hpp"

namespace fedorbit {
namespace {

constexpr double epsilon = 1e-5;

/// Without weights where `weight` is undefined.
Tensor normalised(HeadNorm norm, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (norm == HeadNorm::batch)
    return std::get<0>(at::native_batch_norm(x, weight, bias, {}, {}, /*training=*/true, 0, epsilon));
  return at::layer_norm(x, {x.size(-1)}, weight, bias, epsilon);
}

}  // namespace

std::string MlpHead::numbered(std::size_t layer, int behind) const {
  return text(name, ".", int(layer) * (norm == HeadNorm::none ? 2 : 3) + behind);
}

std::vector<NetworkTensor> MlpHead::tensors() const {
  std::vector<NetworkTensor> out;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    const std::int64_t in = widths[i], to = widths[i + 1];
    // As wide as PyTorch's uniform numbers, which reach 1 / sqrt(in).
    out.push_back({.name = numbered(i, 0) + ".weight", .shape = {to, in}, .spread = std::sqrt(1 / (3 * double(in)))});
    if (norm_after(i) == HeadNorm::none)
      out.push_back({.name = numbered(i, 0) + ".bias", .shape = {to}, .decayed = false});
    else if (!ends_at(i)) {
      const bool batch = norm == HeadNorm::batch;
      out.push_back(
          {.name = numbered(i, 1) + ".weight", .shape = {to}, .value = 1, .decayed = false, .float32 = batch});
      out.push_back({.name = numbered(i, 1) + ".bias", .shape = {to}, .decayed = false, .float32 = batch});
    }
  }
  return out;
}

Tensor MlpHead::operator()(const NamedTensors& tensors, const Tensor& x) const {
  Tensor out = x.to(tensor_of(tensors, numbered(0, 0) + ".weight").scalar_type());
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    const HeadNorm behind = norm_after(i);
    const std::string layer = numbered(i, 0), next = numbered(i, 1);
    out = trained_product(out, tensor_of(tensors, layer + ".weight"),
                          behind == HeadNorm::none ? tensor_of(tensors, layer + ".bias") : Tensor());
    if (behind != HeadNorm::none)
      out = ends_at(i)
                ? normalised(behind, out, {}, {})
                : normalised(behind, out, tensor_of(tensors, next + ".weight"), tensor_of(tensors, next + ".bias"));
    if (!ends_at(i)) out = at::relu(out);
  }
  return out;
}

double MlpHead::kept_per_image() const {
  double kept = double(widths.front());
  for (std::size_t i = 1; i < widths.size(); ++i) kept += 3 * double(widths[i]);
  return kept;
}

}  // namespace fedorbit
