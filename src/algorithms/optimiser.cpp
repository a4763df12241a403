#include "algorithms/optimiser.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// How the trained tensors of an owner decay, neighbours that do so alike in one.
std::vector<Decay> decays_of(float weight_decay, const Layout& layout, Owner owner) {
  std::vector<Decay> decays;
  for (const Entry& entry : layout.entries(owner)) {
    if (!entry.trained) continue;
    const float rate = entry.decayed ? weight_decay : 0;
    if (decays.empty() || decays.back().rate != rate) decays.push_back({entry.offset, 0, rate});
    decays.back().count += entry.numel;
  }
  return decays;
}

/// (trained)
Tensor number_by_number(const std::vector<Decay>& decays) {
  Tensor out = at::empty({decays.empty() ? 0 : decays.back().first + decays.back().count}, at::kFloat);
  for (const auto& [first, count, rate] : decays) out.narrow(0, first, count).fill_(rate);
  return out;
}

/// Stochastic gradient descent with momentum m: b = m b + g; w -= lr b, g with the L2 term, as PyTorch's SGD.
class Sgd final : public Optimiser {
 public:
  Sgd(const OptimiserOptions& options, const Layout& layout, Owner owner, std::int64_t clients, at::Device device)
      : Optimiser(options.weight_decay, layout, owner, clients, device),
        options_(options),
        momentum_(at::zeros({clients, layout.trained(owner)}, at::TensorOptions(at::kFloat).device(device))) {}

 private:
  void forget() override { momentum_.zero_(); }
  void step_row(std::int64_t k, const OptimiserRow& row) override {
    sgd_row(row, momentum_.mutable_data_ptr<float>() + k * momentum_.size(1), float(options_.momentum),
            float(rates_[std::size_t(k)]));
  }
  Tensor change(const Tensor& parameters, const Tensor& gradient, const Tensor& active) override {
    const Tensor full = gradient + decay_ * parameters;
    momentum_.copy_(at::where(active > 0, options_.momentum * momentum_ + full, momentum_));
    return rates_on_device_ * momentum_;
  }
  OptimiserOptions options_;
  Tensor momentum_;
};

/// Adam: bias-corrected means of gradients and squares; `decoupled` is AdamW.
class Adam final : public Optimiser {
 public:
  Adam(const OptimiserOptions& options, const Layout& layout, Owner owner, std::int64_t clients, at::Device device)
      : Optimiser(options.weight_decay, layout, owner, clients, device),
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
    const AdamRates rates{float(options_.beta1),     float(1 - options_.beta1),     float(options_.beta2),
                          float(1 - options_.beta2), float(1 - unseen_mean),        float(1 - unseen_square),
                          float(options_.epsilon),   float(rates_[std::size_t(k)]), decoupled_};
    const std::int64_t begin = k * mean_.size(1);
    adam_row(row, mean_.mutable_data_ptr<float>() + begin, square_.mutable_data_ptr<float>() + begin, rates);
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
    return rates_on_device_ * (decoupled_ ? direction + decay : direction);
  }
  OptimiserOptions options_;
  bool decoupled_;
  Tensor mean_, square_;
  // (K, 1) beta^steps of each client, float64: 1 - 0.999 has lost four digits in float32, and a product has the same
  // bits for any number of clients, which pow has not.
  Tensor unseen_mean_, unseen_square_;
};

}  // namespace

double learning_rate_at(const OptimiserOptions& options, const Moment& moment) {
  const bool by_steps = options.schedule_over == "steps";
  const std::int64_t done = by_steps ? moment.round * moment.steps + moment.step : moment.round;
  const std::int64_t all = by_steps ? moment.rounds * moment.steps : moment.rounds;
  if (done < options.warmup) return options.learning_rate * double(done + 1) / double(options.warmup);
  if (options.schedule == "constant") return options.learning_rate;
  const double share = double(done - options.warmup) / double(std::max<std::int64_t>(1, all - options.warmup));
  return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

Optimiser::Optimiser(double weight_decay, const Layout& layout, Owner owner, std::int64_t clients, at::Device device)
    : decays_(decays_of(float(weight_decay), layout, owner)),
      rates_(std::size_t(clients), std::numeric_limits<double>::quiet_NaN()),
      rates_on_device_(at::empty({clients, 1}, at::TensorOptions(at::kFloat).device(device))) {
  if (!device.is_cpu()) decay_ = number_by_number(decays_).to(device);
}

void Optimiser::begin_turn(double learning_rate) {
  std::ranges::fill(rates_, learning_rate);
  rates_on_device_.fill_(learning_rate);
  forget();
}

void Optimiser::take_rates(std::span<const double> rates) {
  require(rates.size() == rates_.size(), "an optimiser of ", rates_.size(), " clients was given ", rates.size(),
          " learning rates.");
  rates_.assign(rates.begin(), rates.end());
  rates_on_device_.copy_(at::tensor(rates_, at::kDouble).unsqueeze(1));
}

void Optimiser::step(const Tensor& parameters, const Tensor& gradient, const Tensor& active, const Tensor& factors) {
  if (!parameters.is_cpu()) return step_whole(parameters, gradient, active, factors);
  require(parameters.stride(1) == 1, "an optimiser's parameters are one row a client, without gaps.");
  require(gradient.sizes() == parameters.sizes(), "an optimiser steps along ", gradient.sizes(), " numbers for ",
          parameters.sizes(), " parameters.");
  const Tensor dense = gradient.contiguous();
  const std::int64_t n = parameters.size(1), row = parameters.stride(0);
  const auto* takes_step = active.const_data_ptr<float>();
  const auto* factor = factors.defined() ? factors.const_data_ptr<float>() : nullptr;
  for (std::int64_t k = 0; k < parameters.size(0); ++k)
    if (takes_step[k] > 0)
      step_row(k, {parameters.mutable_data_ptr<float>() + k * row, dense.const_data_ptr<float>() + k * n, decays_,
                   factor ? factor[k] : 1});
}

void Optimiser::step_whole(const Tensor& parameters, const Tensor& gradient, const Tensor& active,
                           const Tensor& factors) {
  const at::NoGradGuard no_gradient;
  if (!decay_.defined()) decay_ = number_by_number(decays_);
  const Tensor rows = active.unsqueeze(1);  // (K, 1)
  const Tensor scaled = factors.defined() ? gradient * factors.unsqueeze(1) : gradient;
  const Tensor moved = parameters - change(parameters, scaled, rows);
  parameters.copy_(at::where(rows > 0, moved, parameters));
}

std::unique_ptr<Optimiser> make_optimiser(const OptimiserOptions& options, const Layout& layout, Owner owner,
                                          std::int64_t clients, at::Device device) {
  if (options.kind == "sgd") return std::make_unique<Sgd>(options, layout, owner, clients, device);
  return std::make_unique<Adam>(options, layout, owner, clients, device);
}

}  // namespace fedorbit
