// Cosines of features, and logits made of them.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// Rows of unit length along the last axis; rows shorter than 1e-12 are divided by that.
Tensor unit(const Tensor& rows);

/// scale * <v, t_c> for raw features (K, B, d) and unit text features (K, C, d) -> (K, B, C).
Tensor cosine_logits(const Tensor& features, const Tensor& text_features, double scale);

}  // namespace fedorbit
