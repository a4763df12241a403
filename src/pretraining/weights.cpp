#include "pretraining/weights.hpp"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <vector>

#include "core/error.hpp"

namespace fedorbit {
namespace {

bool is_decayed(const std::string& name, const Tensor& tensor) {
  return tensor.dim() > 1 && !name.ends_with(".positions");
}

}  // namespace

TrainedWeights::TrainedWeights(const NamedTensors& start) {
  std::vector<std::string> order;
  for (const bool decayed : {true, false})
    for (const auto& [name, tensor] : start)
      if (is_decayed(name, tensor) == decayed) {
        order.push_back(name);
        if (decayed) decayed_ += tensor.numel();
      }
  std::int64_t size = 0, offset = 0;
  for (const auto& [name, tensor] : start) size += tensor.numel();
  flat_ = at::zeros({size}, at::kFloat);
  gradient_ = at::zeros_like(flat_);
  mean_ = at::zeros_like(flat_);
  square_ = at::zeros_like(flat_);
  steps_ = at::zeros({}, at::kFloat);
  for (const std::string& name : order) {
    const Tensor& tensor = start.at(name);
    const auto view = [&](const Tensor& flat) { return flat.narrow(0, offset, tensor.numel()).view(tensor.sizes()); };
    view(flat_).copy_(tensor);
    Tensor leaf = view(flat_).detach();
    leaf.requires_grad_(true);
    // Autograd adds into a gradient that is there, so all of them meet in one flat tensor without a copy.
    leaf.mutable_grad() = view(gradient_);
    leaves_.emplace(name, leaf);
    offset += tensor.numel();
  }
}

NamedTensors TrainedWeights::copies() const {
  NamedTensors out;
  for (const auto& [name, leaf] : leaves_) out.emplace(name, leaf.detach().clone());
  return out;
}

void TrainedWeights::step(double learning_rate, double weight_decay, double largest_gradient) {
  const at::NoGradGuard no_gradient;
  const double norm = gradient_.norm().item<double>();
  require(std::isfinite(norm), "pre-training has left the finite numbers: the gradient's norm is ", norm,
          "; a lower training.learning_rate helps.");
  if (norm > largest_gradient) gradient_.mul_(largest_gradient / norm);
  steps_ += 1;
  const auto update = [&](std::int64_t first, std::int64_t count, double decay) {
    const auto part = [&](const Tensor& flat) { return std::vector<Tensor>{flat.narrow(0, first, count)}; };
    at::_fused_adamw_(part(flat_), part(gradient_), part(mean_), part(square_), {}, {steps_}, learning_rate, 0.9, 0.98,
                      decay, 1e-8, false, false);
  };
  update(0, decayed_, weight_decay);
  update(decayed_, flat_.numel() - decayed_, 0);
  leaves_.at("logit_scale").detach().clamp_max_(std::log(100.0));
}

}  // namespace fedorbit
