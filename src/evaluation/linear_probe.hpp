// A linear probe: how well a linear classifier of the frozen features can do, for comparison.
#pragma once
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

namespace linear_probe {
inline constexpr double decay = 1e-3;  // lambda
}

/// Multinomial logistic regression of x, the unit features standardised over the training images (mean 0, deviation 1)
/// with a 1 appended: the minimum over W of mean cross entropy(W x) + lambda / 2 |W|^2, biases included, found by
/// L-BFGS in float64 from zero until no element of the gradient is above 1e-6. scikit-learn's C is 1 / (lambda n).
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
