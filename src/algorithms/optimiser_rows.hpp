// One step of one client on the host, in a single pass over its row: the operations that optimiser.cpp asks of a GPU on
// whole tensors, in the same order, none fused.
#pragma once
#include <cstdint>
#include <span>

namespace fedorbit {

/// Neighbours in a row that decay alike: by the weight decay, or not.
struct Decay {
  std::int64_t first, count;
  float rate;
};

/// A client's row: its parameters, their gradient, how they decay (from the first to the last), and what the gradient
/// is multiplied by.
struct OptimiserRow {
  float* parameters;
  const float* gradient;
  std::span<const Decay> decays;
  float factor;
};

/// momentum (n) = m momentum + g with g = factor * gradient + decay * parameters; parameters -= rate * momentum.
void sgd_row(const OptimiserRow& row, float* momentum, float m, float rate);

struct AdamRates {
  float beta1, rest1, beta2, rest2;  // rest: 1 - beta
  float seen1, seen2;                // 1 - beta^steps of this client
  float epsilon, rate;
  bool decoupled;  // AdamW
};

/// mean (n) and square (n) follow the gradient and its square; parameters -= rate * corrected mean / root of the
/// corrected square.
void adam_row(const OptimiserRow& row, float* mean, float* square, const AdamRates& rates);

}  // namespace fedorbit
