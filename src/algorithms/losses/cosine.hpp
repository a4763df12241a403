// Cosines of features, and logits made of them.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// Rows of unit length along the last axis; rows shorter than 1e-12 are divided by that.
Tensor unit(const Tensor& rows);

/// The cosine of row b of one and row b of the other (B, d), in the mean over b, in float32.
Tensor mean_cosine(const Tensor& one, const Tensor& other);

/// scale * <v, t_c> for raw features (K, B, d) and unit text features (K, C, d) -> (K, B, C).
Tensor cosine_logits(const Tensor& features, const Tensor& text_features, double scale);

}  // namespace fedorbit
