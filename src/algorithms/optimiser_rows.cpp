#include "algorithms/optimiser_rows.hpp"

#include <cmath>

// Compiled for several instruction sets (FEDORBIT_CLONES) and without fused multiply-adds, see layers.cmake.
namespace fedorbit {
namespace {

FEDORBIT_CLONES void sgd(std::int64_t n, float* __restrict w, const float* __restrict g, float decay, float factor,
                         float* __restrict momentum, float m, float rate) {
  for (std::int64_t j = 0; j < n; ++j) {
    momentum[j] = m * momentum[j] + (factor * g[j] + decay * w[j]);
    w[j] -= rate * momentum[j];
  }
}

FEDORBIT_CLONES void adam(std::int64_t n, float* __restrict w, const float* __restrict g, float decay, float factor,
                          float* __restrict mean, float* __restrict square, const AdamRates r, float coupled,
                          float decoupled) {
  for (std::int64_t j = 0; j < n; ++j) {
    const float pull = decay * w[j], full = factor * g[j] + coupled * pull;
    mean[j] = r.beta1 * mean[j] + r.rest1 * full;
    square[j] = r.beta2 * square[j] + r.rest2 * full * full;
    const float direction = mean[j] / r.seen1 / (std::sqrt(square[j] / r.seen2) + r.epsilon);
    w[j] -= r.rate * (direction + decoupled * pull);
  }
}

}  // namespace

void sgd_row(const OptimiserRow& row, float* momentum, float m, float rate) {
  for (const auto& [first, count, decay] : row.decays)
    sgd(count, row.parameters + first, row.gradient + first, decay, row.factor, momentum + first, m, rate);
}

void adam_row(const OptimiserRow& row, float* mean, float* square, const AdamRates& rates) {
  for (const auto& [first, count, decay] : row.decays)
    adam(count, row.parameters + first, row.gradient + first, decay, row.factor, mean + first, square + first, rates,
         rates.decoupled ? 0.0f : 1.0f, rates.decoupled ? 1.0f : 0.0f);
}

}  // namespace fedorbit
