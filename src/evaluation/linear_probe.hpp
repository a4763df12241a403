// A linear probe: how well a linear classifier of the frozen features can do, for comparison.
#pragma once
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

/// Multinomial logistic regression on standardised unit features, with a small L2 term, fitted by full-batch Adam.
/// Deterministic: it starts from zero.
class LinearProbe {
 public:
  /// features (N, d) raw, labels (N) int64, `train` the images it is fitted to.
  LinearProbe(const Tensor& features, const Tensor& labels, const std::vector<std::int64_t>& train,
              std::int64_t classes);
  /// (K, B, d) raw -> (K, B, C).
  Tensor logits(const Tensor& features) const;

 private:
  Tensor standardised(const Tensor& features) const;
  Tensor mean_, deviation_;  // (d)
  Tensor weight_, bias_;     // (d, C), (C)
};

}  // namespace fedorbit
