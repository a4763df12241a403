// Cross entropy of K clients' batches, over present samples only.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// logits (K, B, C), labels (K, B) int64, present (K, B) -> (K): mean over present samples, 0 where there is none.
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& present);

/// The mean over present samples of values (K, B) -> (K); 0 where there is none.
Tensor present_mean(const Tensor& values, const Tensor& present);

}  // namespace fedorbit
