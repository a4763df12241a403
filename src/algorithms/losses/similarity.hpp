// How alike images look to an encoder, and how far what one encoder sees is from what others do: what FedSense
// (arXiv 2503.11051) distils at its server, by an equation of ours.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// Of raw features (B, d): of each image the softmax over all others of cosine / temperature, (B, B - 1).
Tensor similarities(const Tensor& features, double temperature);

/// KL(wanted || similarities(features)) in the mean over images, a scalar; `wanted` (B, B - 1), whose rows sum to 1.
Tensor similarity_divergence(const Tensor& wanted, const Tensor& features, double temperature);

}  // namespace fedorbit
