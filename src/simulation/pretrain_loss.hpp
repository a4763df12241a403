// The contrastive loss where an image's class has one text in a batch and a text has many images.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// `images` (B, d) and `texts` (T, d) of unit length, `targets` (B) int64 the text of each image's class (each text has
/// an image), `scale` () the factor on cosines. The mean of two cross entropies, as in UniCL (Yang et al. 2022, arXiv
/// 2204.03610), with logits s = scale <v, t>:
///   image to text:  mean over images of -log softmax over texts at the image's target, the target smoothed by
///                   `smoothing`: 1 - smoothing on it and smoothing / T on every text;
///   text to image:  mean over texts of -log softmax over images, averaged over the text's images.
Tensor contrastive_loss(const Tensor& images, const Tensor& texts, const Tensor& targets, const Tensor& scale,
                        double smoothing);

}  // namespace fedorbit
