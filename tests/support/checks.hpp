// What tests of several layers ask: how far numbers are apart, and what an error says.
#pragma once
#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <string>

#include "core/error.hpp"

namespace fedorbit {

/// |actual - expected| / |expected|, and infinity where the shapes are not the same.
inline double relative(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return INFINITY;
  return ((actual - expected).norm() / expected.norm().clamp_min(1e-30)).item<double>();
}

/// What the action's error says.
inline std::string sentence(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "(none)";
}

}  // namespace fedorbit
