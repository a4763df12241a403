// CLIP's loss inside a batch (Radford et al. 2021, figure 3): each image is to find its own text, each text its image.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// similarity (K, B, B), of image i to the text of image j, present (K, B) -> (K): the mean of both cross entropies,
/// whose targets are the diagonal, over present samples; absent ones are nobody's choice. Two images of one class have
/// the same text, which counts as wrong for each of them but once, as in its authors' code.
Tensor contrastive(const Tensor& similarity, const Tensor& present);

}  // namespace fedorbit
