#include "algorithms/optimiser.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <numbers>

#include "algorithms/optimiser_rows.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Stochastic gradient descent with momentum m: b = m b + g; w -= lr b, g with the L2 term, as PyTorch's SGD.
class Sgd final : public Optimiser {
 public:
  Sgd(const OptimiserOptions& options, const Layout& layout, Owner owner, std::int64_t clients, at::Device device)
      : Optimiser(options.weight_decay, layout, owner, device),
        options_(options),
        momentum_(at::zeros({clients, layout.trained(owner)}, at::TensorOptions(at::kFloat).device(device))) {}

 private:
  void forget() override { momentum_.zero_(); }
  void step_row(std::int64_t k, const OptimiserRow& row) override {
    sgd_row(row, momentum_.mutable_data_ptr<float>() + k * row.n, float(options_.momentum), float(rate_));
  }
  Tensor change(const Tensor& parameters, const Tensor& gradient, const Tensor& active) override {
    const Tensor full = gradient + decay_ * parameters;
    momentum_.copy_(at::where(active > 0, options_.momentum * momentum_ + full, momentum_));
    return rate_on_device_ * momentum_;
  }
  OptimiserOptions options_;
  Tensor momentum_;
};

/// Adam: bias-corrected means of gradients and squares; `decoupled` is AdamW.
class Adam final : public Optimiser {
 public:
  Adam(const OptimiserOptions& options, const Layout& layout, Owner owner, std::int64_t clients, at::Device device)
      : Optimiser(options.weight_decay, layout, owner, device),
        options_(options),
        decoupled_(options.kind == "adamw"),
        mean_(at::zeros({clients, layout.trained(owner)}, at::TensorOptions(at::kFloat).device(device))),
        square_(at::zeros_like(mean_)),
        unseen_mean_(at::ones({clients, 1}, mean_.options().dtype(at::kDouble))),
        unseen_square_(unseen_mean_.clone()) {}

 private:
  void forget() override {
    mean_.zero_();
    square_.zero_();
    unseen_mean_.fill_(1);
    unseen_square_.fill_(1);
  }
  void step_row(std::int64_t k, const OptimiserRow& row) override {
    double& unseen_mean = unseen_mean_.mutable_data_ptr<double>()[k];
    double& unseen_square = unseen_square_.mutable_data_ptr<double>()[k];
    unseen_mean *= options_.beta1;
    unseen_square *= options_.beta2;
    const AdamRates rates{float(options_.beta1),
                          float(1 - options_.beta1),
                          float(options_.beta2),
                          float(1 - options_.beta2),
                          float(1 - unseen_mean),
                          float(1 - unseen_square),
                          float(options_.epsilon),
                          float(rate_),
                          decoupled_};
    adam_row(row, mean_.mutable_data_ptr<float>() + k * row.n, square_.mutable_data_ptr<float>() + k * row.n, rates);
  }
  Tensor change(const Tensor& parameters, const Tensor& gradient, const Tensor& active) override {
    const Tensor decay = decay_ * parameters;
    const Tensor full = decoupled_ ? gradient : gradient + decay;
    const auto follow = [&](Tensor& state, const Tensor& next) { state.copy_(at::where(active > 0, next, state)); };
    follow(mean_, options_.beta1 * mean_ + (1 - options_.beta1) * full);
    follow(square_, options_.beta2 * square_ + (1 - options_.beta2) * full * full);
    follow(unseen_mean_, options_.beta1 * unseen_mean_);
    follow(unseen_square_, options_.beta2 * unseen_square_);
    const Tensor mean = mean_ / (1 - unseen_mean_).to(at::kFloat);
    const Tensor square = square_ / (1 - unseen_square_).to(at::kFloat);
    const Tensor direction = mean / (square.sqrt() + options_.epsilon);
    return rate_on_device_ * (decoupled_ ? direction + decay : direction);
  }
  OptimiserOptions options_;
  bool decoupled_;
  Tensor mean_, square_;
  // (K, 1) beta^steps of each client, float64: 1 - 0.999 has lost four digits in float32, and a product has the same
  // bits for any number of clients, which pow has not.
  Tensor unseen_mean_, unseen_square_;
};

}  // namespace

double learning_rate_in(const OptimiserOptions& options, std::int64_t round, std::int64_t rounds) {
  if (options.schedule == "constant") return options.learning_rate;
  return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * double(round) / double(rounds)));
}

Optimiser::Optimiser(double weight_decay, const Layout& layout, Owner owner, at::Device device)
    : decay_(weight_decay * layout.decayed(owner).to(device)),
      rate_on_device_(at::full({}, rate_, at::TensorOptions(at::kFloat).device(device))) {}

void Optimiser::begin_turn(double learning_rate) {
  rate_ = learning_rate;
  rate_on_device_.fill_(learning_rate);
  forget();
}

void Optimiser::step(const Tensor& parameters, const Tensor& gradient, const Tensor& active) {
  if (!parameters.is_cpu()) return step_whole(parameters, gradient, active);
  require(parameters.stride(1) == 1, "an optimiser's parameters are one row a client, without gaps.");
  const Tensor dense = gradient.contiguous();
  const std::int64_t n = parameters.size(1), row = parameters.stride(0);
  const auto* takes_step = active.const_data_ptr<float>();
  for (std::int64_t k = 0; k < parameters.size(0); ++k)
    if (takes_step[k] > 0)
      step_row(k, {n, parameters.mutable_data_ptr<float>() + k * row, dense.const_data_ptr<float>() + k * n,
                   decay_.const_data_ptr<float>()});
}

void Optimiser::step_whole(const Tensor& parameters, const Tensor& gradient, const Tensor& active) {
  const at::NoGradGuard no_gradient;
  const Tensor rows = active.unsqueeze(1);  // (K, 1)
  const Tensor moved = parameters - change(parameters, gradient, rows);
  parameters.copy_(at::where(rows > 0, moved, parameters));
}

std::unique_ptr<Optimiser> make_optimiser(const OptimiserOptions& options, const Layout& layout, Owner owner,
                                          std::int64_t clients, at::Device device) {
  if (options.kind == "sgd") return std::make_unique<Sgd>(options, layout, owner, clients, device);
  return std::make_unique<Adam>(options, layout, owner, clients, device);
}

}  // namespace fedorbit
