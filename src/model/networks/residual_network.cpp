#include "model/networks/residual_network.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/relu.h>

#include <cmath>

#include "core/error.hpp"
#include "model/networks/group_norm.hpp"
#include "model/towers/tower.hpp"

namespace fedorbit {
namespace {

constexpr double epsilon = 1e-5;

Tensor convolution(const NamedTensors& tensors, const std::string& name, const Tensor& x, std::int64_t stride = 1) {
  const Tensor& weight = tensor_of(tensors, name + ".weight");
  return at::conv2d(x, weight, {}, stride, weight.size(2) / 2);
}

}  // namespace

ResidualNetwork::ResidualNetwork(const ResidualConfig& config) : config_(config) {
  add_convolution("conv1", "bn1", config.width, 3, 7);
  std::int64_t from = config.width;
  for (std::size_t s = 0; s < config.blocks.size(); ++s) {
    const std::int64_t inner = config.width << s, to = config.bottleneck ? 4 * inner : inner;
    for (std::int64_t b = 0; b < config.blocks[s]; ++b, from = to)
      blocks_.push_back({text("layer", s + 1, ".", b), from, inner, to, s > 0 && b == 0 ? 2 : 1});
  }
  for (const Block& block : blocks_) {
    const std::string& name = block.name;
    if (config.bottleneck) {
      add_convolution(name + ".conv1", name + ".bn1", block.inner, block.from, 1);
      add_convolution(name + ".conv2", name + ".bn2", block.inner, block.inner, 3);
      add_convolution(name + ".conv3", name + ".bn3", block.to, block.inner, 1);
    } else {
      add_convolution(name + ".conv1", name + ".bn1", block.inner, block.from, 3);
      add_convolution(name + ".conv2", name + ".bn2", block.to, block.inner, 3);
    }
    if (block.shortened()) add_convolution(name + ".downsample.0", name + ".downsample.1", block.to, block.from, 1);
  }
}

void ResidualNetwork::add_convolution(const std::string& name, const std::string& norm, std::int64_t to,
                                      std::int64_t from, std::int64_t size) {
  const bool batch = config_.groups == 0;
  // He et al. 2015 (arXiv 1502.01852), by what goes out, as torchvision has it.
  tensors_.push_back({.name = name + ".weight",
                      .shape = {to, from, size, size},
                      .spread = std::sqrt(2.0 / double(to * size * size)),
                      .convolved = true});
  tensors_.push_back({.name = norm + ".weight", .shape = {to}, .value = 1, .decayed = false, .float32 = batch});
  tensors_.push_back({.name = norm + ".bias", .shape = {to}, .decayed = false, .float32 = batch});
  if (!batch) return;
  const auto statistic = [&](const char* what, double value) {
    tensors_.push_back({norm + what, {to}, 0, value, /*decayed=*/false, /*statistic=*/true, false, /*float32=*/true});
  };
  statistic(".running_mean", 0);
  statistic(".running_var", 1);
}

double ResidualNetwork::kept_per_image() const {
  // Both sides of each norm; the stem has half the image's sides, and its pool halves them again.
  double side = double(config_.image_size) / 2, kept = 2.5 * double(config_.width) * side * side;
  side /= 2;
  for (const Block& block : blocks_) {
    const double before = side * side;
    side /= double(block.stride);
    const double after = side * side, ends = double(block.to) * (block.shortened() ? 4 : 2);
    kept += 2 * double(block.inner) * (config_.bottleneck ? before + after : after) + ends * after;
  }
  return kept;
}

Tensor ResidualNetwork::norm(const NamedTensors& tensors, const std::string& name, const Tensor& x,
                             NamedTensors* seen) const {
  const Tensor &weight = tensor_of(tensors, name + ".weight"), &bias = tensor_of(tensors, name + ".bias");
  if (config_.groups > 0) return group_norm(x, config_.groups, weight, bias);
  const auto mean = tensors.find(name + ".running_mean"), variance = tensors.find(name + ".running_var");
  const bool in_training = seen && weight.requires_grad();
  if (!in_training && mean != tensors.end())
    return std::get<0>(
        at::native_batch_norm(x, weight, bias, mean->second, variance->second, /*training=*/false, 0, epsilon));
  auto [out, batch_mean, scale] = at::native_batch_norm(x, weight, bias, {}, {}, /*training=*/true, 0, epsilon);
  if (in_training) {
    const double n = double(x.size(0) * x.size(2) * x.size(3));
    (*seen)[name + ".running_mean"] = batch_mean.detach();
    (*seen)[name + ".running_var"] = (scale.detach().pow(-2) - epsilon) * (n / (n - 1));
  }
  return out;
}

Tensor ResidualNetwork::forward(const Block& block, const NamedTensors& tensors, const Tensor& x,
                                NamedTensors* seen) const {
  const auto step = [&](const char* number, const Tensor& input, std::int64_t stride) {
    const Tensor convolved = convolution(tensors, block.name + ".conv" + number, input, stride);
    return norm(tensors, block.name + ".bn" + number, convolved, seen);
  };
  Tensor out;
  if (config_.bottleneck)
    out = step("3", step("2", step("1", x, 1).relu_(), block.stride).relu_(), 1);
  else
    out = step("2", step("1", x, block.stride).relu_(), 1);
  if (!block.shortened()) return out.add_(x).relu_();
  const Tensor kept = convolution(tensors, block.name + ".downsample.0", x, block.stride);
  return out.add_(norm(tensors, block.name + ".downsample.1", kept, seen)).relu_();
}

Tensor ResidualNetwork::features(const NamedTensors& tensors, const Tensor& images, NamedTensors* seen) const {
  // Channels lie innermost from here to the end: so convolutions are fastest on CPUs and on GPUs.
  const Tensor input =
      images.to(tensor_of(tensors, "conv1.weight").scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
  Tensor x = norm(tensors, "bn1", convolution(tensors, "conv1", input, 2), seen).relu_();
  x = at::max_pool2d(x, 3, 2, 1);
  for (const Block& block : blocks_) x = forward(block, tensors, x, seen);
  return x.mean(at::IntArrayRef{2, 3});
}

}  // namespace fedorbit
