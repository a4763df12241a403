// The contrastive loss where a text can be true of many images, and several texts of one image.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// `images` (B, d) and `texts` (T, d) of unit length, `match` (B, T) 1 where a text is true of an image (each image and
/// each text has a match) and else 0, `scale` () the factor on cosines. The mean of two cross entropies, as in UniCL
/// (Yang et al. 2022, arXiv 2204.03610), with logits s = scale <v, t>:
///   image to text:  mean over images of -log softmax over texts, averaged over the image's texts, the target smoothed
///                   by `smoothing`: 1 - smoothing of it stays, smoothing / T is on every text;
///   text to image:  mean over texts of -log softmax over images, averaged over the text's images.
Tensor contrastive_loss(const Tensor& images, const Tensor& texts, const Tensor& match, const Tensor& scale,
                        double smoothing);

}  // namespace fedorbit
